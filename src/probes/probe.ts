import type { ClusterKind } from '../cluster-kind.js';
import type { GtidSet } from '../gtid/gtid-set.js';
import type { Address, LiveReport, NodeReport } from '../topology/node-report.js';

/** What one kind of cluster asks a node, and how it reads the answers. Keeps nothing between ticks. */
export interface Probe {
  readonly kind: ClusterKind;
  /** What to ask this time, in order, the sample first: at most two statements a tick, three on a connection's first. */
  queries(context: ProbeContext): readonly ProbeQuery[];
  /** Reads the answers, one for each of the queries that were made for `meta.context`. */
  read(answers: readonly ProbeAnswer[], meta: ProbeMeta): NodeReport;
  /**
   * How a running replica is asked to answer once it has applied these GTIDs: one row with `outcome`, 0 when they are there,
   * anything else when the seconds, which may be a fraction, are over.
   *
   * @param last what the replica said last
   */
  waitFor(gtids: GtidSet, seconds: number, last?: LiveReport): ProbeQuery;
}

/** What a tick starts from. */
export interface ProbeContext {
  /** Counts the ticks on this connection from 0. */
  readonly tick: number;
  /** The last report of this address that was ok. */
  readonly last: LiveReport | undefined;
  /** The handshake's version, such as `'9.7.4-2'` or `'5.5.5-10.11.6-MariaDB'`. */
  readonly version: string;
  /** A heartbeat table to be read where GTIDs say nothing, as `schema.table`. */
  readonly heartbeat: string | undefined;
  /** The sample is to tell the status of semi-synchronous replication too, where the kind of cluster knows it. */
  readonly semiSync?: boolean;
  /** The second statement is another's this time: what earlier ones have told is kept. */
  readonly sampleOnly?: boolean;
}

export interface ProbeQuery {
  readonly sql: string;
  /** Rows like those of `SHOW GLOBAL VARIABLES`: next time on the same connection a cheaper statement may tell the same. */
  readonly shows?: 'variables';
}

/** The rows of one query, or the error that the server sent instead. */
export type ProbeAnswer =
  | { readonly rows: readonly Record<string, unknown>[] }
  | { readonly error: { readonly code: string; readonly errno: number; readonly message: string } };

export interface ProbeMeta {
  readonly address: Address;
  /** Just before the first query was sent, monotonic ms. */
  readonly sentAt: number;
  /** When the first query had been answered. */
  readonly answeredAt: number;
  /** The very context that the queries were made for. */
  readonly context: ProbeContext;
}
