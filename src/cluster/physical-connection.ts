import { connect, type Socket } from 'node:net';
import mysql2, { type Connection, type ConnectionOptions } from 'mysql2';
import type { Address, NodeId } from '../topology/node-report.js';
import { KillGate } from './kill-gate.js';
import { NodeTraffic } from './node-traffic.js';
import { NOTHING_REPLAYED, type ReplayedState, readsAlike } from './replayed-state.js';
import { rowStatusOf } from './row-status.js';
import { setUpStatement } from './set-up-statement.js';
import { addThread, isFreeThread, removeThread } from './thread-ids.js';

/** mysql2's default of `connectTimeout`. */
export const CONNECT_TIMEOUT_MS = 10_000;
/** The client's flag: the server adds it to the session's `sql_mode`. */
const IGNORE_SPACE = 256;
/** So many connections are opened at most to get an id that no other node's has. */
const MOST_OPENED = 50;

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
export interface Handshake {
  readonly serverVersion: string;
}

/** A connection of mysql2 that is open, and the version that its server gave. */
export interface OpenedRaw {
  readonly raw: Connection;
  readonly version: string;
  readonly handshake: Handshake;
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
  readonly handshake: Handshake;
  readonly createdAt: number;
  /** When the last statement on it ended. */
  lastUsedAt: number;
  /** What killed it; undefined while it lives. */
  dead: Error | undefined;
  leased = false;
  /** Set when its session state can no longer be told: it is destroyed when it comes back. */
  dirty = false;
  /** A listener of the application may have changed its state when it was new: DEFAULT does not bring that back. */
  customized = false;
  /** Where it goes back to. */
  home: { release(lease: PhysicalConnection): void } | undefined;
  /** Its pool lends nothing any more: who keeps it between statements gives it back as soon as nothing binds it. */
  recalled = false;
  /** Who has borrowed it, and is told when it dies or is wanted back. */
  holder:
    | {
        leaseDied(lease: PhysicalConnection, error: Error): void;
        leaseRecalled(lease: PhysicalConnection): void;
      }
    | undefined;
  /** The server's status bits at the end of the rows that came last; undefined when something else did. */
  readonly rowStatus: () => number | undefined;
  /** Shut while a KILL of its statement, or of itself, is on its way. */
  readonly kills = new KillGate();
  /** What this process sends to its node. */
  traffic = new NodeTraffic();

  #replayed: ReplayedState = NOTHING_REPLAYED;
  readonly #whenDead: (() => void)[] = [];

  constructor({ raw, handshake }: OpenedRaw, target: ConnectTarget, now: number) {
    this.raw = raw;
    this.handshake = handshake;
    this.target = target;
    this.createdAt = now;
    this.lastUsedAt = now;
    addThread(this);
    this.rowStatus = rowStatusOf(raw);
    raw.on('error', (error: Error) => this.#die(error));
    raw.on('end', () => this.#die(lostError()));
  }

  /** What it was like after its set-up. */
  get fresh(): { readonly customized: boolean; readonly ignoresSpace: boolean } {
    const { clientFlags = 0 } = this.raw.config as { clientFlags?: number };
    return { customized: this.customized, ignoresSpace: (clientFlags & IGNORE_SPACE) !== 0 };
  }

  /** The session state it has beyond its set-up. */
  get replayed(): ReplayedState {
    return this.#replayed;
  }

  set replayed(state: ReplayedState) {
    const before = this.#replayed;
    if (before === state) return;
    this.#replayed = state;
    if (!readsAlike(before, state)) this.#forgetPrepared();
  }

  /** The server's id of it: of one connection only in this process. */
  get threadId(): number {
    return this.raw.threadId ?? 0;
  }

  /** Turns session tracking on, and a replica's transactions read-only: after connecting, and after COM_CHANGE_USER. */
  setUp(done: (error: Error | null) => void): void {
    this.raw.query(setUpStatement(this.handshake.serverVersion, this.target.role), (error) => done(error));
  }

  /** Another account from now on, which undoes the set-up: it is made again. */
  changeUser(options: ConnectionOptions, done: (error: Error | null) => void): void {
    this.raw.changeUser(options, (error) => {
      if (!error) return this.setUp(done);
      this.dirty = true; // the server is closing it
      done(error);
    });
  }

  /** Closes the socket at once. A statement in flight ends with `error`. */
  destroy(error: Error = lostError()): void {
    this.dead ??= error;
    this.#close();
    socketOf(this.raw).destroy(error);
  }

  /** Says goodbye to the server (COM_QUIT) and closes. */
  quit(): void {
    this.dead ??= lostError();
    this.#close();
    this.raw.end();
    // mysql2 ends its command before it writes COM_QUIT: the socket closes when that is out.
    socketOf(this.raw).destroySoon();
  }

  /** Its pool wants it back, once nothing needs it any more. */
  recall(): void {
    this.recalled = true;
    this.holder?.leaseRecalled(this);
  }

  /** Runs `task` when it is dead. */
  onceDead(task: () => void): void {
    if (this.dead) task();
    else this.#whenDead.push(task);
  }

  #die(error: Error): void {
    if (this.dead) return;
    this.dead = error;
    this.#close();
    this.holder?.leaseDied(this, error);
  }

  // A text is read when it is prepared: with the names, the quotes and the characters of that moment.
  #forgetPrepared(): void {
    const { _statements } = this.raw as unknown as { _statements?: { clear(): void } };
    _statements?.clear();
  }

  #close(): void {
    removeThread(this);
    for (const task of this.#whenDead.splice(0)) task();
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
      resolve({ raw, version: handshake.serverVersion, handshake });
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
  const opened = await openUnique(settings, target);
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

// Ids of threads are counters of each server: one that a connection to another node has names two, and KILL could meet either.
async function openUnique(settings: ConnectionSettings, target: ConnectTarget): Promise<OpenedRaw> {
  for (let attempt = 1; ; attempt++) {
    const opened = await openRaw(settings, target);
    const { raw } = opened;
    if (attempt === MOST_OPENED || isFreeThread(raw.threadId ?? 0, target.node)) return opened;
    raw.on('error', () => undefined);
    raw.end();
    socketOf(raw).destroySoon();
  }
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

/** The error of a connection that is lost, as mysql2 makes it. */
export function lostError(message = 'Connection lost: The server closed the connection.'): Error {
  return Object.assign(new Error(message), { code: 'PROTOCOL_CONNECTION_LOST', fatal: true });
}

/** The socket of a connection, which mysql2's types leave out although its users read it. */
export function socketOf(raw: Connection): Socket {
  return (raw as unknown as { stream: Socket }).stream;
}
