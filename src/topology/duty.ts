import type { Wishes } from './apply-context.js';
import { isLive, rowOf } from './control.js';
import type { ControlRow, NodeId } from './node-report.js';
import type { ControlView, Duty, NodeView, Topology } from './topology.js';

/** The duty of a node of which nobody wishes anything. */
export const ON_DUTY: Duty = Object.freeze({
  status: 'online',
  because: 'nobody took it out',
  since: undefined,
  own: false,
});

/** Held writes are let go so long before the first of them would have waited as long as it may, ms. */
const MARGIN_MS = 100;

/** True while a primary that is to take nothing new holds its writes. */
export function holdsWrites(
  { duty }: NodeView,
  { now, holdMs }: { readonly now: number; readonly holdMs: number },
): boolean {
  return duty.status !== 'online' && !isOver(duty.since ?? now, now, holdMs);
}

function isOver(since: number, now: number, holdMs: number): boolean {
  return now >= since + holdMs - Math.min(MARGIN_MS, holdMs / 10);
}

/** The duties of all nodes, and whether rows were passed over because they would have left nothing. */
export interface Duties {
  readonly of: ReadonlyMap<NodeId, Duty>;
  readonly leftNothing: boolean;
}

interface Wish {
  readonly status: 'draining' | 'offline';
  readonly because: string;
  readonly own: boolean;
  readonly since: number | undefined;
}

/**
 * Tells for each node whether it is to take statements. Rows that would take out every node that serves are passed over, and the
 * writes of a primary are held for so long only: a table must never stop an application.
 */
export function dutiesOf(
  topology: Pick<Topology, 'nodes' | 'primary'>,
  control: ControlView | undefined,
  { wishes, now }: { readonly wishes: Wishes; readonly now: number },
): Duties {
  const wanted = new Map<NodeId, Wish>();
  for (const node of topology.nodes.values()) {
    const wish = wishFor(node, rowOf(node, control?.rows ?? []), { wishes, now });
    if (wish) wanted.set(node.id, wish);
  }
  const serving = [...topology.nodes.values()].filter(({ role, health }) => role !== 'unknown' && health !== 'down');
  const nothing = serving.length > 0 && serving.every(({ id }) => wanted.has(id));
  const leftNothing = nothing && serving.some(({ id }) => wanted.get(id)?.own === false);
  const duties = new Map<NodeId, Duty>();
  for (const [id, wish] of wanted) {
    const since = wish.since ?? topology.nodes.get(id)?.duty.since ?? now;
    const isPrimary = topology.primary?.id === id;
    duties.set(id, dutyOf(wish, { since, now, leftNothing, holdMs: isPrimary ? wishes.holdMs : undefined }));
  }
  return { of: duties, leftNothing };
}

function wishFor(
  node: NodeView,
  row: ControlRow | undefined,
  { wishes, now }: { readonly wishes: Wishes; readonly now: number },
): Wish | undefined {
  const since = wishes.drained.get(node.id);
  if (since !== undefined) return { status: 'draining', because: 'it was drained in this process', own: true, since };
  if (row === undefined || row.status === 'ONLINE' || !isLive(row, now)) return undefined;
  const status = row.status === 'OFFLINE_HARD' ? 'offline' : 'draining';
  const by = row.owner === undefined ? '' : ` by ${row.owner}`;
  const reason = row.reason === undefined ? '' : `: ${row.reason}`;
  return { status, because: `the control table says ${row.status}${by}${reason}`, own: false, since: undefined };
}

interface Obeying {
  readonly since: number;
  readonly now: number;
  readonly leftNothing: boolean;
  /** Of the primary. */
  readonly holdMs: number | undefined;
}

function dutyOf({ status, because, own }: Wish, { since, now, leftNothing, holdMs }: Obeying): Duty {
  if (leftNothing && !own) {
    return { status: 'online', because: `${because}; passed over, since no node would be left`, since, own };
  }
  if (holdMs === undefined) return { status, because, since, own };
  if (isOver(since, now, holdMs)) {
    return {
      status: 'online',
      because: `${because}; its writes were held for ${holdMs} ms and are released`,
      since,
      own,
    };
  }
  // What runs on a primary is not cut off: nobody could tell what was committed.
  return { status: 'draining', because, since, own };
}
