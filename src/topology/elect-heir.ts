import { type CurrentBelief, type ElectContext, type Election, elected, undecided } from './election.js';
import { isFollowed } from './following.js';
import { isThere } from './node-health.js';
import { tellsGtids } from './samples.js';
import type { NodeView } from './topology.js';

/** Reports of an heir, in a row, that count as sure when it holds the last sample of the primary before it. */
const CONFIRMED = 2;
/** The same when it does not: with asynchronous replication a promotion may lose the end. */
const CONFIRMED_WITH_LOSS = 3;

interface Vacancy {
  /** The node believed in: not there, read-only or a replica; undefined when its address now answers as another node. */
  readonly believed: NodeView | undefined;
  readonly current: CurrentBelief;
  readonly around: ElectContext;
}

/** The believed primary cannot be written to: elects the node that was promoted in its place, once that is sure. */
export function electHeir(rivals: readonly NodeView[], vacancy: Vacancy): Election {
  const proven = rivals.filter((node) => node.promotable);
  const ids = proven.map((node) => node.id);
  const followed = proven.filter((node) => isFollowed(node, vacancy.around));
  const [leader] = followed;
  if (leader && followed.length === 1) return elected(leader, 'the others replicate from it');
  if (proven.length > 1) return undecided(ids, 'several nodes have become writable');
  const [heir] = proven;
  return heir ? confirm(heir, vacancy) : stay(rivals, vacancy);
}

function confirm(heir: NodeView, { believed, current, around }: Vacancy): Election {
  const last = lastBefore(heir, current);
  const holds = last !== undefined && (heir.executed?.contains(last.executed) ?? false);
  if (holds && heir.claims >= CONFIRMED)
    return elected(heir, 'it became writable and holds all that the primary was seen to have');
  const surelyGone = believed === undefined || isThere(believed) || believed.failures >= around.failures;
  if (surelyGone && heir.claims >= CONFIRMED_WITH_LOSS) {
    const told = heir.lastReport !== undefined && tellsGtids(heir.lastReport);
    const lack = told ? 'lacks the last transactions' : 'it cannot be told whether it has the last transactions';
    return elected(heir, `it became writable, and ${lack} of a primary that is gone`);
  }
  return {
    primary: undefined,
    because: `${heir.address} became writable: waiting for it to say so again`,
    splitBrain: [],
  };
}

// Sets compare only when the one that must be contained was sampled first.
function lastBefore(heir: NodeView, { samples }: CurrentBelief): CurrentBelief['samples'][number] | undefined {
  const sentAt = heir.lastReport?.sentAt ?? 0;
  return samples.findLast((sample) => sample.answeredAt <= sentAt);
}

// Nobody was promoted. A primary that only missed a probe is still the one to try.
function stay(rivals: readonly NodeView[], { believed }: Vacancy): Election {
  const splitBrain = rivals.length > 1 ? rivals.map((node) => node.id) : [];
  const others = rivals.length > 0 ? `; ${rivals.map((node) => node.address).join(', ')} may be an older one` : '';
  if (believed === undefined)
    return { primary: undefined, because: `the primary is gone from its address${others}`, splitBrain };
  const { address, health, lastReport } = believed;
  const writable = lastReport?.readOnly === false && (lastReport.channels ?? []).length === 0;
  if (health !== 'down' && writable)
    return { ...elected(believed, 'it misses probes, and nobody took its place'), splitBrain };
  const state =
    health === 'down' ? 'is down' : (lastReport?.channels ?? []).length > 0 ? 'has become a replica' : 'is read-only';
  return { primary: undefined, because: `the primary ${address} ${state}${others}`, splitBrain };
}
