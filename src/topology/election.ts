import type { Surroundings } from './following.js';
import type { NodeId } from './node-report.js';
import type { NodeView, RulingView, Sample } from './topology.js';

/** How long the first round of probes takes at most: the default `timeoutMs`. */
export const FIRST_SURVEY_MS = 1000;

/** What this process believed before. */
export interface CurrentBelief {
  readonly believed: NodeId | undefined;
  /** `sentAt` of the report that elected it. */
  readonly electedAt: number;
  /** Samples of the believed primary, oldest first. */
  readonly samples: readonly Sample[];
  /** The newest view that elected. */
  readonly view: RulingView | undefined;
}

export interface ElectContext extends Surroundings {
  /** Failed probes in a row after which a node counts as down. */
  readonly failures: number;
}

/** Who may be written to. */
export interface Election {
  /** The node that writes go to; undefined when there is none, or none that is sure. */
  readonly primary: NodeId | undefined;
  readonly because: string;
  /** All that could be the primary, when there are several. */
  readonly splitBrain: readonly NodeId[];
  /** The view by which a group elected it. */
  readonly view?: RulingView;
}

/** The answer that names a primary. */
export function elected(node: NodeView, because: string): Election {
  return { primary: node.id, because, splitBrain: [] };
}

/** The answer that there are several and no rule that tells. */
export function undecided(splitBrain: readonly NodeId[], because: string): Election {
  return { primary: undefined, because: `split brain: ${because}`, splitBrain };
}
