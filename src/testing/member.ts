import type { Socket } from 'node:net';
import {
  type Connection,
  createConnection,
  createPool,
  type Pool,
  type PoolOptions,
  type QueryResult,
  type RowDataPacket,
} from 'mysql2/promise';
import { CREDENTIALS } from './credentials.js';
import { ClusterActError, messageOf } from './errors.js';
import type { Ask, Flavor } from './flavor.js';
import { SERVER_ID_STEP } from './network.js';
import type { Settings } from './options.js';
import type { Relay } from './relay.js';
import type { Server } from './server.js';
import type { NodeState, TestNode } from './test-node.js';
import { type Wait, waitUntil, within } from './wait-until.js';

/** What a member is made of. */
export interface MemberParts {
  readonly name: string;
  /** From 1. */
  readonly number: number;
  readonly server: Server;
  readonly relay: Relay | undefined;
  readonly flavor: Flavor;
  readonly settings: Settings;
}

const START_TRIES = 3;

/** A node from the inside: its server, its relay, and connections as `root` that go past the relay. */
export class Member implements TestNode {
  readonly host = '127.0.0.1';
  readonly #parts: MemberParts;
  #admin: Pool | undefined;
  #lock: Connection | undefined;
  #paused = false;
  #uuid: string | undefined;
  #version = '';
  #hidden = true;
  #rebuilt = 0;
  /** As the acts have set it. A start brings the node up so. */
  readOnly = false;

  constructor(parts: MemberParts) {
    this.#parts = parts;
    parts.server.onEnd(() => this.#ended());
  }

  get name(): string {
    return this.#parts.name;
  }

  get serverId(): number {
    return this.#parts.number + SERVER_ID_STEP * this.#rebuilt;
  }

  get number(): number {
    return this.#parts.number;
  }

  get port(): number {
    return this.#parts.relay?.port ?? this.#parts.server.port;
  }

  get address(): string {
    return `${this.host}:${this.port}`;
  }

  get serverPort(): number {
    return this.#parts.server.port;
  }

  get serverUuid(): string | undefined {
    return this.#uuid;
  }

  get pid(): number | undefined {
    return this.#parts.server.pid;
  }

  get container(): string | undefined {
    return this.#parts.server.container;
  }

  get dataDir(): string {
    return this.#parts.server.dataDir;
  }

  get state(): NodeState {
    if (!this.#parts.server.alive || this.#hidden) return 'down';
    return this.#paused ? 'paused' : 'running';
  }

  get version(): string {
    return this.#version;
  }

  get relay(): Relay | undefined {
    return this.#parts.relay;
  }

  /** Starts the server as it was, and shows it. */
  async start(): Promise<void> {
    await this.boot(this.readOnly);
    await this.open();
  }

  /** Starts the server and waits until it answers. Clients still see none. */
  async boot(readOnly: boolean): Promise<void> {
    this.#hidden = true;
    await this.#startServer(readOnly);
    const { galera } = this.#parts.flavor;
    if (galera) await this.until('its server to join the cluster', () => galera.joined(this.ask));
  }

  /** Sets it read-only or not, and lets clients in. */
  async open(): Promise<void> {
    await this.run(this.#parts.flavor.setReadOnly(this.readOnly));
    this.#hidden = false;
    await this.#parts.relay?.serverUp();
  }

  async kill(): Promise<void> {
    const killed = this.#parts.server.kill();
    this.#ended();
    await killed;
  }

  async pause(): Promise<void> {
    await this.#parts.server.pause();
    this.#paused = true;
  }

  async resume(): Promise<void> {
    await this.#parts.server.resume();
    this.#paused = false;
  }

  /** Throws away its data: at its next start it is a new server, with another UUID and server id. */
  async wipe(): Promise<void> {
    await this.kill();
    await this.#parts.server.wipe();
    this.#rebuilt += 1;
  }

  async remove(): Promise<void> {
    this.#ended();
    this.#parts.relay?.close();
    await this.#parts.server.remove();
  }

  /** Rows of one statement, as `root`. */
  readonly ask: Ask = (sql, values) => this.query<RowDataPacket[]>(sql, values);

  async query<T extends QueryResult>(sql: string, values: readonly unknown[] = []): Promise<T> {
    const [result] = await this.#connected(sql, (connection) => connection.query<T>(sql, [...values]));
    return result;
  }

  /** Runs statements one after the other on one connection, as `root`. */
  async run(statements: readonly string[]): Promise<void> {
    await this.#connected(statements.join('; '), async (connection) => {
      for (const statement of statements) await connection.query(statement);
    });
  }

  /** Holds the global read lock until `unlock` or the server's end: reads go on, and nothing is committed or applied. */
  async lock(): Promise<void> {
    if (this.#lock !== undefined) return;
    const { timeoutMs } = this.#parts.settings;
    const connection = await createConnection({ host: this.host, port: this.serverPort, ...CREDENTIALS.root });
    unref((connection as unknown as { connection: unknown }).connection);
    connection.on('error', () => undefined);
    this.#lock = connection;
    await within(this.#wait('the read lock', timeoutMs), connection.query('FLUSH TABLES WITH READ LOCK'));
  }

  /** Ends what `lock` began; nothing when it is not held. */
  async unlock(): Promise<void> {
    const held = this.#lock;
    this.#lock = undefined;
    if (held === undefined) return;
    await within(this.#wait('the read lock to end', this.#parts.settings.timeoutMs), held.query('UNLOCK TABLES'));
    held.destroy();
  }

  /** Waits for something of this node; its state and the end of its error log are in the error. */
  until<T>(
    what: string,
    check: () => Promise<T | undefined | false>,
    timeoutMs = this.#parts.settings.timeoutMs,
  ): Promise<T> {
    return waitUntil(this.#wait(what, timeoutMs), check);
  }

  /** The node's name, its state and the end of its error log. */
  async describe(): Promise<string> {
    const log = await this.#parts.server.logTail().catch(messageOf);
    return `${this.name} (${this.address}) is ${this.state}; the last lines of its error log:\n${log}`;
  }

  async #startServer(readOnly: boolean): Promise<void> {
    const { server, flavor } = this.#parts;
    for (let tries = START_TRIES; ; tries -= 1) {
      const identity = { serverId: this.serverId, reportPort: this.port };
      const args = (await flavor.galera?.args(server, identity)) ?? flavor.args(identity);
      await server.start(readOnly ? [...args, flavor.readOnlyArg] : args);
      this.#paused = false;
      try {
        await this.until('its server to answer', () => this.#answers());
        return;
      } catch (error) {
        await this.kill();
        const taken = /Address already in use|port is taken/i.test(messageOf(error));
        const fixed = this.relay === undefined && this.#uuid !== undefined;
        if (tries <= 1 || !taken || fixed) throw error;
        await server.changePort();
      }
    }
  }

  async #answers(): Promise<boolean> {
    if (!this.#parts.server.alive) {
      throw new ClusterActError(
        'SERVER_DIED',
        `the server of ${this.name} ended while starting; ${await this.describe()}`,
      );
    }
    try {
      const column = this.#parts.flavor.name === 'mysql' ? '@@server_uuid' : 'NULL';
      const [row] = await this.ask(`SELECT ${column} AS uuid, VERSION() AS version`);
      this.#uuid = typeof row?.uuid === 'string' ? row.uuid : undefined;
      this.#version = String(row?.version);
      return true;
    } catch (error) {
      this.#closeAdmin();
      if ((error as { code?: unknown }).code === 'ER_ACCESS_DENIED_ERROR' && this.container === undefined) throw error;
      return false;
    }
  }

  async #connected<T>(
    what: string,
    work: (connection: Awaited<ReturnType<Pool['getConnection']>>) => Promise<T>,
  ): Promise<T> {
    const { root } = CREDENTIALS;
    const { timeoutMs } = this.#parts.settings;
    const address = { host: this.host, port: this.serverPort, connectTimeout: Math.min(timeoutMs, 10_000) };
    this.#admin ??= newPool({ ...address, ...root, connectionLimit: 8 });
    const connection = await within(this.#wait('a connection', timeoutMs), this.#admin.getConnection());
    try {
      const result = await within(this.#wait(`an answer to ${shortened(what)}`, timeoutMs), work(connection));
      connection.release();
      return result;
    } catch (error) {
      connection.destroy();
      throw error;
    }
  }

  #wait(what: string, timeoutMs: number): Wait {
    return { what: `${what} on ${this.name}`, timeoutMs, details: () => this.describe() };
  }

  #ended(): void {
    this.#paused = false;
    this.#parts.relay?.serverDown();
    this.#lock?.destroy();
    this.#lock = undefined;
    this.#closeAdmin();
  }

  #closeAdmin(): void {
    const pool = this.#admin;
    this.#admin = undefined;
    void pool?.end().catch(() => undefined);
  }
}

// Idle connections must not keep a program alive that has nothing more to do.
function newPool(options: PoolOptions): Pool {
  const pool = createPool(options);
  pool.on('connection', unref);
  return pool;
}

function unref(connection: unknown): void {
  (connection as { stream: Socket }).stream.unref();
}

function shortened(text: string): string {
  return text.length > 120 ? `${text.slice(0, 119)}…` : text;
}
