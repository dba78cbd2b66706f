import { CREDENTIALS } from './credentials.js';

import { ClusterActError, messageOf } from './errors.js';
import { findFreePort } from './free-port.js';
import type { Server } from './server.js';
import { waitUntil, within } from './wait-until.js';

/** The optional package, loaded by the docker backend alone. */
export type Testcontainers = typeof import('testcontainers');

/** What containers are made of. */
export interface DockerParts {
  readonly testcontainers: Testcontainers;
  readonly image: string;
  readonly name: string;
  /** Value of the label `mysql2-cluster`, by which the watchdog finds them. */
  readonly label: string;
  /** Let testcontainers' own reaper look after them. */
  readonly reaped: boolean;
}

type Container = ReturnType<Awaited<ReturnType<Testcontainers['getContainerRuntimeClient']>>['container']['getById']>;

const DOCKER_MS = 60_000;
const LOOK_MS = 500;
const LOG_LINES = 25;

/** A server as a container. */
export class DockerServer implements Server {
  readonly pid = undefined;
  readonly dataDir = '/var/lib/mysql';
  readonly #parts: DockerParts;
  readonly #listeners: (() => void)[] = [];
  #port: number;
  #container: Container | undefined;
  #alive = false;
  #looking: NodeJS.Timeout | undefined;

  constructor(parts: DockerParts, port: number) {
    this.#parts = parts;
    this.#port = port;
  }

  get port(): number {
    return this.#port;
  }

  get container(): string | undefined {
    return this.#container?.id;
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** A container keeps the arguments that it was made with: `args` count only when there is none yet. */
  async start(args: readonly string[]): Promise<void> {
    if (this.#container === undefined) await this.#create(args);
    else await this.#bounded('its container to start', this.#container.start());
    this.#alive = true;
    this.#looking = setInterval(() => void this.#look(), LOOK_MS).unref();
  }

  async runOnce(): Promise<string> {
    throw new ClusterActError('UNSUPPORTED', 'a container is not started for one run of its program');
  }

  async kill(): Promise<void> {
    if (this.#container !== undefined && (await this.#isRunning())) {
      await this.#container.kill({ signal: 'SIGKILL' });
      const wait = {
        what: `the container of ${this.#parts.name} to end after SIGKILL`,
        timeoutMs: DOCKER_MS,
        intervalMs: 50,
      };
      await waitUntil(wait, async () => !(await this.#isRunning()));
    }
    this.#ended();
  }

  async pause(): Promise<void> {
    await this.#container?.pause();
  }

  async resume(): Promise<void> {
    await this.#container?.unpause();
  }

  async wipe(): Promise<void> {
    const container = this.#container;
    this.#container = undefined;
    if (container !== undefined)
      await this.#bounded('its container to be removed', container.remove({ force: true, v: true }));
    this.#ended();
  }

  async remove(): Promise<void> {
    await this.wipe();
  }

  /** The port is in the container's arguments: the next start makes a new one. */
  async changePort(): Promise<void> {
    await this.wipe();
    this.#port = await findFreePort();
  }

  async logTail(): Promise<string> {
    if (this.#container === undefined) return 'no container';
    const raw = await this.#container.logs({ follow: false, stdout: true, stderr: true, tail: LOG_LINES });
    return textOfLogs(raw);
  }

  onEnd(listener: () => void): void {
    this.#listeners.push(listener);
  }

  async #create(args: readonly string[]): Promise<void> {
    const { GenericContainer, getContainerRuntimeClient, Wait } = this.#parts.testcontainers;
    const { password } = CREDENTIALS.root;
    const started = await new GenericContainer(this.#parts.image)
      .withNetworkMode('host')
      .withLabels({ 'mysql2-cluster': this.#parts.label })
      .withEnvironment({ MYSQL_ROOT_PASSWORD: password, MARIADB_ROOT_PASSWORD: password })
      .withAutoCleanup(this.#parts.reaped)
      .withCommand([...args, `--port=${this.#port}`])
      .withWaitStrategy(Wait.forAll([]))
      .start();
    const client = await getContainerRuntimeClient();
    this.#container = client.container.getById(started.getId());
  }

  async #isRunning(): Promise<boolean> {
    if (this.#container === undefined) return false;
    const { State } = await this.#bounded('its container to be inspected', this.#container.inspect());
    return State.Running;
  }

  async #look(): Promise<void> {
    const container = this.#container;
    const running = await this.#isRunning().catch(() => true);
    if (!running && container === this.#container && this.#alive) this.#ended();
  }

  #ended(): void {
    clearInterval(this.#looking);
    if (!this.#alive) return;
    this.#alive = false;
    for (const listener of this.#listeners) listener();
  }

  #bounded<T>(what: string, promise: Promise<T>): Promise<T> {
    return within(
      { what: `${what} (${this.#parts.name})`, timeoutMs: DOCKER_MS, details: () => this.logTail().catch(messageOf) },
      promise,
    );
  }
}

/** The text in what Docker gives for logs: frames of an 8-byte head (stream, 0, 0, 0, length) and text. */
export function textOfLogs(raw: Buffer): string {
  const parts: string[] = [];
  for (let at = 0; at + 8 <= raw.length; ) {
    const end = at + 8 + raw.readUInt32BE(at + 4);
    parts.push(raw.toString('utf8', at + 8, end));
    at = end;
  }
  return parts.join('').trimEnd();
}
