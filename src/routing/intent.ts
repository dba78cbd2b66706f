import type { ReadNeed } from '../gtid/watermark.js';
import type { NodeId } from '../topology/node-report.js';

/** What a statement, in its session, needs of a node. */
export interface Intent {
  /** `'write'`: the primary. `'read'`: a replica that is fresh enough, else as `primaryReads` says. */
  readonly access: 'read' | 'write';
  /** `'auto'` · `'primary'` forced · `'primary-first'` a replica while there is no primary · `'replica'` never the primary. */
  readonly route: 'auto' | 'primary' | 'primary-first' | 'replica';
  /** A node by address or identity, when the caller names one. */
  readonly node: string | undefined;
  /** Upper bound of the lag of a replica that may answer, in ms. */
  readonly maxLagMs: number;
  readonly need: ReadNeed | undefined;
  /** The watermark's era that `need` is of, also when nothing is needed. Absent where writes do not matter. */
  readonly era?: number | undefined;
  /** Nodes that have been tried and failed for this statement. */
  readonly tried: readonly NodeId[];
  /** The read has waited as long as it may for freshness: no more `wait`, the fallback now. */
  readonly waited: boolean;
}
