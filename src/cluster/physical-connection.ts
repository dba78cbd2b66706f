import { connect, type Socket } from 'node:net';
import mysql2, { type Connection, type ConnectionOptions } from 'mysql2';
import type { Address, NodeId } from '../topology/node-report.js';
import { NodeTraffic } from './node-traffic.js';
import { NOTHING_REPLAYED, type ReplayedState } from './replayed-state.js';

/** mysql2's default of `connectTimeout`. */
const CONNECT_TIMEOUT_MS = 10_000;

/** Where a connection leads to. */
export interface Destination {
  readonly host: string;
  readonly port: number;
  /** The name that its certificate is checked against, instead of `host`. */
  readonly tlsName?: string | undefined;
}

/** Where a connection leads to, and what for. */
export interface ConnectTarget extends Destination {
  readonly node: NodeId;
  readonly address: Address;
  readonly role: 'primary' | 'replica';
}

/** mysql2's options of a connection, without host and port; a password may be a function. */
export type ConnectionSettings = Omit<ConnectionOptions, 'host' | 'port' | 'password'> & {
  readonly password?: string | (() => string | Promise<string>) | undefined;
};

/** A server's greeting, as mysql2's `connect` event gives it. */
interface Handshake {
  readonly serverVersion: string;
}

/** A connection of mysql2 that is open, and the version that its server gave. */
export interface OpenedRaw {
  readonly raw: Connection;
  readonly version: string;
}

/**
 * One connection of mysql2 to one node, and while it is borrowed, the lease.
 *
 * It is opened by {@link openConnection}, which turns on the server's session tracking and, on replicas, makes every
 * transaction read-only.
 */
export class PhysicalConnection {
  readonly raw: Connection;
  readonly target: ConnectTarget;
  readonly createdAt: number;
  lastUsedAt: number;
  /** What killed it; undefined while it lives. */
  dead: Error | undefined;
  leased = false;
  /** Set when its session state can no longer be told: it is destroyed when it comes back. */
  dirty = false;
  /** The session state it has beyond its set-up. */
  replayed: ReplayedState = NOTHING_REPLAYED;
  /** A listener of the application may have changed its state when it was new: DEFAULT does not bring that back. */
  customized = false;
  /** Where it goes back to. */
  home: { release(lease: PhysicalConnection, now?: number): void } | undefined;
  /** Its pool lends nothing any more: who keeps it between statements gives it back as soon as nothing binds it. */
  recalled = false;
  /** Who has borrowed it, and is told when it dies or is wanted back. */
  holder:
    | {
        leaseDied(lease: PhysicalConnection, error: Error): void;
        leaseRecalled(lease: PhysicalConnection): void;
      }
    | undefined;
  /** What this process sends to its node. */
  traffic = new NodeTraffic();

  readonly #version: string;

  constructor({ raw, version }: OpenedRaw, target: ConnectTarget, now: number) {
    this.raw = raw;
    this.#version = version;
    this.target = target;
    this.createdAt = now;
    this.lastUsedAt = now;
    raw.on('error', (error: Error) => this.#die(error));
    raw.on('end', () => this.#die(lostError()));
  }

  /** Turns session tracking on, and a replica's transactions read-only: after connecting, and after COM_CHANGE_USER. */
  setUp(done: (error: Error | null) => void): void {
    this.raw.query(setUpStatement(this.#version, this.target.role), (error) => done(error));
  }

  /** Closes the socket at once. A statement in flight ends with `error`. */
  destroy(error: Error = lostError()): void {
    this.dead ??= error;
    socketOf(this.raw).destroy(error);
  }

  /** Says goodbye to the server (COM_QUIT) and closes. */
  quit(): void {
    this.dead ??= lostError();
    this.raw.end();
    // mysql2 ends its command before it writes COM_QUIT: the socket closes when that is out.
    socketOf(this.raw).destroySoon();
  }

  /** Its pool wants it back, once nothing needs it any more. */
  recall(): void {
    this.recalled = true;
    this.holder?.leaseRecalled(this);
  }

  #die(error: Error): void {
    if (this.dead) return;
    this.dead = error;
    this.holder?.leaseDied(this, error);
  }
}

/**
 * Opens a connection without set-up: for probes and followers.
 *
 * @throws mysql2's error object
 */
export async function openRaw(settings: ConnectionSettings, target: Destination): Promise<OpenedRaw> {
  const { password: given, ...rest } = settings;
  const password = typeof given === 'function' ? await inTime(given(), settings.connectTimeout) : given;
  const raw = mysql2.createConnection({
    ...rest,
    ...(password === undefined ? {} : { password }),
    ...reach(target, rest),
  });
  return new Promise((resolve, reject) => {
    const failed = (error: Error): void => {
      raw.removeListener('connect', connected);
      raw.on('error', () => undefined); // a second error of the same death
      socketOf(raw).destroy();
      reject(error);
    };
    const connected = (handshake: Handshake): void => {
      raw.removeListener('error', failed);
      resolve({ raw, version: handshake.serverVersion });
    };
    raw.once('error', failed);
    raw.once('connect', connected);
  });
}

// mysql2 checks a certificate against `host`. Where that is another name, the socket is ours, made as mysql2 makes its own.
function reach({ host, port, tlsName }: Destination, settings: ConnectionOptions): ConnectionOptions {
  if (tlsName === undefined || !settings.ssl) return { host, port };
  const { enableKeepAlive = true, keepAliveInitialDelay } = settings;
  const stream = (): Socket =>
    connect(port, host).setNoDelay(true).setKeepAlive(enableKeepAlive, keepAliveInitialDelay);
  return { host: tlsName, port, stream };
}

/**
 * Opens a connection for statements: session tracking on, and on a replica every transaction read-only, which makes the
 * server refuse a write that went there by mistake.
 *
 * @throws mysql2's error object
 */
export async function openConnection(
  settings: ConnectionSettings,
  target: ConnectTarget,
  now: () => number,
): Promise<PhysicalConnection> {
  const opened = await openRaw(settings, target);
  const connection = new PhysicalConnection(opened, target, now());
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => connection.destroy(), settings.connectTimeout ?? CONNECT_TIMEOUT_MS);
    connection.setUp((error) => {
      clearTimeout(timer);
      if (error) {
        connection.destroy();
        reject(error);
      } else resolve(connection);
    });
  });
}

async function inTime(password: string | Promise<string>, timeoutMs = CONNECT_TIMEOUT_MS): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const error = Object.assign(new Error(`the password function gave nothing within ${timeoutMs} ms`), {
      code: 'ETIMEDOUT',
    });
    timer = setTimeout(reject, timeoutMs, error);
  });
  return Promise.race([password, late]).finally(() => clearTimeout(timer));
}

/** The one statement that sets a fresh connection up. MariaDB knows no `session_track_gtids`; its `'*'` has `last_gtid`. */
export function setUpStatement(version: string, role: 'primary' | 'replica'): string {
  const mariadb = /mariadb/i.test(version);
  const assignments = [
    "session_track_system_variables='*'",
    'session_track_schema=ON',
    'session_track_state_change=ON',
    ...(mariadb ? [] : ["session_track_gtids='OWN_GTID'"]),
    // MariaDB before 11.1 and MySQL 5.7 know the older name only; MySQL 8 dropped it.
    ...(role === 'primary' ? [] : [mariadb || /^5\./.test(version) ? 'tx_read_only=1' : 'transaction_read_only=1']),
  ];
  return `SET SESSION ${assignments.join(', ')}`;
}

/** The error of a connection that is lost, as mysql2 makes it. */
export function lostError(message = 'Connection lost: The server closed the connection.'): Error {
  return Object.assign(new Error(message), { code: 'PROTOCOL_CONNECTION_LOST', fatal: true });
}

/** The socket of a connection, which mysql2's types leave out although its users read it. */
export function socketOf(raw: Connection): Socket {
  return (raw as unknown as { stream: Socket }).stream;
}
