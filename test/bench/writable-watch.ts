import { type Connection, createConnection } from 'mysql2';
import type { TestCluster } from '../../src/testing/index.js';

const POLL_MS = 3;

/** Sees from outside when the first of the replicas becomes writable: that is before `promote()` is done. */
export class WritableWatch {
  /** By `performance.now()`, just before the question that was answered with yes. */
  writableAt: number | undefined;
  readonly #connections: readonly Connection[];
  #stopped = false;

  constructor(cluster: TestCluster) {
    const { user, password } = cluster.credentials.root;
    const living = cluster.replicas.filter(({ state }) => state === 'running');
    this.#connections = living.map(({ host, serverPort }) =>
      createConnection({ host, port: serverPort, user, password }),
    );
    for (const connection of this.#connections) {
      connection.on('error', () => undefined);
      this.#ask(connection);
    }
  }

  stop(): void {
    this.#stopped = true;
    for (const connection of this.#connections) connection.destroy();
  }

  #ask(connection: Connection): void {
    if (this.#stopped || this.writableAt !== undefined) return;
    const askedAt = performance.now();
    connection.query<never>('SELECT @@global.read_only + @@global.super_read_only AS ro', (error, rows) => {
      if (error) return;
      const [row] = rows as readonly { ro: number }[];
      if (row?.ro === 0) this.writableAt ??= askedAt;
      else setTimeout(() => this.#ask(connection), POLL_MS);
    });
  }
}
