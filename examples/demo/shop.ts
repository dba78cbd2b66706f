import { setTimeout as sleep } from 'node:timers/promises';
import { type ConnectionOptions, type Pool, type RowDataPacket, TransactionLostError } from 'mysql2-cluster/promise';
import type { Ledger } from './ledger.js';
import { CUSTOMERS, PRODUCTS } from './schema.js';
import type { Kind, Tally } from './tally.js';

// With these pauses the load stays below 1,500 statements a second, however fast the servers are.
const STAFF = { browsers: 8, visitors: 4, buyers: 4 } as const;
const PAUSE_MS = { browse: 24, visit: 32, buy: 45 } as const;
const MOST_RUNS = 10;

/**
 * An application like any other: it reads, writes, and sells in transactions. It sends nothing twice by itself, but for a
 * transaction that is known not to have been committed.
 */
export class Shop {
  readonly #pool: Pool;
  readonly #ledger: Ledger;
  readonly #tally: Tally;
  readonly #workers: Promise<void>[] = [];
  #closing = false;

  constructor(pool: Pool, ledger: Ledger, tally: Tally) {
    this.#pool = pool;
    this.#ledger = ledger;
    this.#tally = tally;
  }

  open(): void {
    this.#hire(STAFF.browsers, PAUSE_MS.browse, () => (chance(0.5) ? this.#lookUp() : this.#browse()));
    this.#hire(STAFF.visitors, PAUSE_MS.visit, () => this.#visit());
    this.#hire(STAFF.buyers, PAUSE_MS.buy, () => this.#buy());
  }

  /** Lets everybody finish what they do, for at most that long. */
  async close(patienceMs: number): Promise<void> {
    this.#closing = true;
    await Promise.race([Promise.all(this.#workers), sleep(patienceMs, undefined, { ref: false })]);
  }

  #hire(count: number, pauseMs: number, turn: () => Promise<void>): void {
    for (let number = 0; number < count; number++) this.#workers.push(this.#work(pauseMs, turn));
  }

  async #work(pauseMs: number, turn: () => Promise<void>): Promise<void> {
    while (!this.#closing) {
      await turn();
      await sleep(pauseMs * (0.75 + Math.random() / 2));
    }
  }

  // Through the pool, which takes a connection for each statement.
  async #lookUp(): Promise<void> {
    await this.#timed('read', () =>
      this.#pool.query('SELECT name, quantity FROM stock WHERE product = ?', [anyOf(PRODUCTS)]),
    );
  }

  // A page made of three reads on one connection, whose node can be told.
  async #browse(): Promise<void> {
    const customer = anyOf(CUSTOMERS);
    const reads = [
      'SELECT name, city FROM customers WHERE id = ?',
      'SELECT id, product, quantity, placed FROM orders WHERE customer = ? ORDER BY id DESC LIMIT 10',
      'SELECT COUNT(*) AS orders, COALESCE(SUM(quantity), 0) AS pieces FROM orders WHERE customer = ?',
    ];
    const connection = await this.#pool.getConnection().catch((error: unknown) => this.#tally.failed('read', error));
    if (!connection) return;
    for (const sql of reads) {
      const since = performance.now();
      const answer = await this.#timed('read', () => connection.execute(sql, [customer]));
      if (answer) this.#tally.answered(addressOf(connection), since);
    }
    connection.release();
  }

  async #visit(): Promise<void> {
    const id = this.#ledger.begin(false);
    const answer = await this.#timed('write', async () => {
      await this.#pool
        .execute('INSERT INTO ledger (write_id, what) VALUES (?, ?)', [id, 'visit'])
        .catch((error: unknown) => {
          this.#ledger.settle(id, outcomeOf(error));
          throw error;
        });
      this.#ledger.settle(id, 'acknowledged');
      return true;
    });
    if (answer && chance(0.25)) await this.#findOwnWrite(id);
  }

  async #findOwnWrite(id: number): Promise<void> {
    const answer = await this.#timed('read', () =>
      this.#pool.query<RowDataPacket[]>('SELECT COUNT(*) AS entries FROM ledger WHERE write_id = ?', [id]),
    );
    if (answer && Number(answer[0][0]?.entries) === 0) this.#tally.unseen++;
  }

  async #buy(): Promise<void> {
    const id = this.#ledger.begin(true);
    await this.#timed('transaction', async () => {
      const error = await this.#order(id);
      this.#ledger.settle(id, error === undefined ? 'acknowledged' : outcomeOf(error));
      if (error !== undefined) throw error;
    });
  }

  /** Gives the error that it ended with, if it did. */
  async #order(id: number): Promise<unknown> {
    for (let run = 1; ; run++) {
      try {
        return await this.#transaction(id);
      } catch (error) {
        if (run === MOST_RUNS || !isKnownRolledBack(error)) return error;
        this.#tally.saw('transaction', error);
        this.#tally.rerun++;
      }
    }
  }

  async #transaction(id: number): Promise<void> {
    const [customer, product, quantity] = [anyOf(CUSTOMERS), anyOf(PRODUCTS), anyOf(3)];
    const connection = await this.#pool.getConnection();
    const answered = async (task: Promise<unknown>): Promise<void> => {
      const since = performance.now();
      await task;
      this.#tally.answered(addressOf(connection), since);
    };
    try {
      await answered(connection.beginTransaction());
      await answered(connection.execute('SELECT quantity FROM stock WHERE product = ? FOR UPDATE', [product]));
      await answered(
        connection.execute('UPDATE stock SET quantity = quantity - ? WHERE product = ?', [quantity, product]),
      );
      const order = [id, customer, product, quantity];
      await answered(
        connection.execute('INSERT INTO orders (id, customer, product, quantity) VALUES (?, ?, ?, ?)', order),
      );
      await answered(connection.execute('INSERT INTO ledger (write_id, what) VALUES (?, ?)', [id, 'order']));
      await answered(connection.commit());
      this.#tally.committedOn(addressOf(connection));
    } catch (error) {
      await connection.rollback().catch(() => undefined);
      throw error;
    } finally {
      connection.release();
    }
  }

  async #timed<T>(kind: Kind, task: () => Promise<T>): Promise<T | undefined> {
    const since = performance.now();
    try {
      const answer = await task();
      this.#tally.succeeded(kind, since);
      return answer;
    } catch (error) {
      this.#tally.failed(kind, error);
      return undefined;
    }
  }
}

function outcomeOf(error: unknown): 'unknown' | 'failed' {
  return (error as { code?: unknown }).code === 'WRITE_OUTCOME_UNKNOWN' ? 'unknown' : 'failed';
}

function isKnownRolledBack(error: unknown): boolean {
  return error instanceof TransactionLostError || (error as { code?: unknown }).code === 'ER_LOCK_DEADLOCK';
}

function addressOf({ config }: { readonly config: ConnectionOptions }): string {
  return `${config.host}:${config.port}`;
}

function anyOf(count: number): number {
  return 1 + Math.floor(Math.random() * count);
}

function chance(share: number): boolean {
  return Math.random() < share;
}
