import type { QueryError, RowDataPacket } from 'mysql2';
import { idAt, POINT_SELECT } from './bench-cluster.js';
import type { Contender } from './cpu-rounds.js';

/** How a statement is sent: as text, or prepared. */
export type Protocol = 'query' | 'execute';

/** How the point select is run. */
export interface PointStyle {
  readonly concurrency: number;
  readonly protocol: Protocol;
}

type Rows = RowDataPacket[];
type Done = (error: QueryError | null, rows: Rows) => void;

/** A callback pool, ours or mysql2's, as far as it is needed here. */
export type CallbackPool = Readonly<Record<Protocol, (sql: string, values: number[], done: Done) => unknown>>;
/** A promise pool. */
export type PromisePool = Readonly<Record<Protocol, (sql: string, values: number[]) => Promise<[Rows, unknown]>>>;

/** Point selects through a callback pool, so many at a time. Any error, and any wrong row, fails the run. */
export function callbackContender(name: string, pool: CallbackPool, { concurrency, protocol }: PointStyle): Contender {
  const run = (queries: number): Promise<void> =>
    new Promise((resolve, reject) => {
      let started = 0;
      let ended = 0;
      const next = (): void => {
        if (started >= queries) return;
        const id = idAt(started++);
        pool[protocol](POINT_SELECT, [id], (error, rows) => {
          if (error || rows[0]?.id !== id) return reject(error ?? wrongRow(name, id));
          ended++;
          if (ended === queries) resolve();
          else next();
        });
      };
      for (let at = 0; at < concurrency; at++) next();
    });
  return { name, run };
}

/** The same through a promise pool. */
export function promiseContender(name: string, pool: PromisePool, { concurrency, protocol }: PointStyle): Contender {
  const run = async (queries: number): Promise<void> => {
    let started = 0;
    const worker = async (): Promise<void> => {
      while (started < queries) {
        const id = idAt(started++);
        const [rows] = await pool[protocol](POINT_SELECT, [id]);
        if (rows[0]?.id !== id) throw wrongRow(name, id);
      }
    };
    await Promise.all(Array.from({ length: concurrency }, worker));
  };
  return { name, run };
}

function wrongRow(name: string, id: number): Error {
  return new Error(`${name} did not get the row ${id}`);
}
