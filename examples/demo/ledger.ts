import type { TestCluster, TestNode } from 'mysql2-cluster/testing';
import { INITIAL_STOCK } from './schema.js';

/** `pending`: no answer yet. `unknown`: the answer was a WriteOutcomeUnknownError. `failed`: any other error. */
export type Outcome = 'pending' | 'acknowledged' | 'unknown' | 'failed';

interface Write {
  readonly isOrder: boolean;
  outcome: Outcome;
}

/** What one node holds of the writes. */
interface Copy {
  readonly entries: ReadonlyMap<number, number>;
  readonly orders: ReadonlySet<number>;
  readonly pieces: number;
}

/** What a node's copy tells against the ledger. Lists hold ids of writes. */
export interface Findings {
  readonly node: string;
  readonly held: number;
  /** Acknowledged, and missing. */
  readonly lost: readonly number[];
  /** There more than once, whatever the application was told. */
  readonly doubled: readonly number[];
  /** There, although the application was told that it failed. */
  readonly contradicted: readonly number[];
  /** Of the writes with an unknown outcome, those that are there. */
  readonly unknownButThere: number;
  /** Pieces in stock and pieces ordered are as many as there were. */
  readonly stockAddsUp: boolean;
}

/** Every write that the shop sent, by its id, and what the application was told about it. */
export class Ledger {
  readonly #writes = new Map<number, Write>();

  /** A new id for a write that is about to be sent. */
  begin(isOrder: boolean): number {
    const id = this.#writes.size + 1;
    this.#writes.set(id, { isOrder, outcome: 'pending' });
    return id;
  }

  settle(id: number, outcome: Outcome): void {
    const write = this.#writes.get(id);
    if (write) write.outcome = outcome;
  }

  count(outcome: Outcome): number {
    return [...this.#writes.values()].filter((write) => write.outcome === outcome).length;
  }

  /** Compares what the application was told with what a node holds. */
  async compare(cluster: TestCluster, node: TestNode): Promise<Findings> {
    const copy = await readCopy(cluster, node);
    const where = (test: (id: number, write: Write) => boolean): number[] =>
      [...this.#writes].filter(([id, write]) => test(id, write)).map(([id]) => id);
    const isThere = (id: number): boolean => copy.entries.has(id) || copy.orders.has(id);
    const isWhole = (id: number, { isOrder }: Write): boolean =>
      copy.entries.has(id) && copy.orders.has(id) === isOrder;
    return {
      node: node.name,
      held: copy.entries.size,
      lost: where((id, write) => write.outcome === 'acknowledged' && !isWhole(id, write)),
      doubled: [...copy.entries].filter(([, count]) => count > 1).map(([id]) => id),
      contradicted: where((id, { outcome }) => outcome === 'failed' && isThere(id)),
      unknownButThere: where((id, { outcome }) => (outcome === 'unknown' || outcome === 'pending') && isThere(id))
        .length,
      stockAddsUp: copy.pieces === INITIAL_STOCK,
    };
  }
}

async function readCopy(cluster: TestCluster, node: TestNode): Promise<Copy> {
  const { database } = cluster;
  const entries = await cluster.query(
    node,
    `SELECT write_id AS id, COUNT(*) AS n FROM ${database}.ledger GROUP BY write_id`,
  );
  const orders = await cluster.query(node, `SELECT id FROM ${database}.orders`);
  const [sum] = await cluster.query(
    node,
    `SELECT (SELECT SUM(quantity) FROM ${database}.stock) + (SELECT COALESCE(SUM(quantity), 0) FROM ${database}.orders) AS pieces`,
  );
  return {
    entries: new Map(entries.map(({ id, n }) => [Number(id), Number(n)])),
    orders: new Set(orders.map(({ id }) => Number(id))),
    pieces: Number(sum?.pieces),
  };
}
