import type { GroupReport, LiveReport, ReplicationChannel } from './node-report.js';

/**
 * Whether a node's replication moves: `'connecting'` its source does not answer, and it keeps trying · `'broken'` a thread has an
 * error · `'stopped'` a thread is off without one · `'delayed'` by configuration · `'none'` without a source · `'unknown'` it may
 * not be seen.
 */
export type Replication = 'running' | 'connecting' | 'stopped' | 'delayed' | 'broken' | 'none' | 'unknown';

/** How replication stands, with its reason. */
export interface ReplicationState {
  readonly replication: Replication;
  readonly because: string;
}

const UNKNOWN: ReplicationState = { replication: 'unknown', because: 'its replication may not be seen' };
const NONE: ReplicationState = { replication: 'none', because: 'it has no replication source' };
const RUNNING: ReplicationState = { replication: 'running', because: 'its replication runs' };
/** Of several channels the worst tells. */
const WORST: readonly Replication[] = ['broken', 'stopped', 'connecting', 'delayed'];

/** How replication stands: by the channels that are configured, and in a group without one by the node's place in it. */
export function replicationOf({ channels, group }: Pick<LiveReport, 'channels' | 'group'>): ReplicationState {
  if (group !== undefined && !channels?.length) return inGroup(group);
  if (channels === undefined) return UNKNOWN;
  if (channels.length === 0) return NONE;
  const states = channels.map(ofChannel);
  for (const worst of WORST) {
    const found = states.find(({ replication }) => replication === worst);
    if (found !== undefined) return found;
  }
  return RUNNING;
}

// Members of a group need no channel: one that is online applies what the others write.
function inGroup({ state }: GroupReport): ReplicationState {
  if (state === 'online') return { replication: 'running', because: 'its group gives it what the others write' };
  if (state === 'left') return { replication: 'none', because: 'it has left its group' };
  return { replication: 'stopped', because: `its place in the group is '${state}'` };
}

/** Both threads of the channel run. */
export function isRunning({ io, sql }: ReplicationChannel): boolean {
  return io === 'running' && sql === 'running';
}

// An old error may still be shown while both threads run.
function ofChannel(channel: ReplicationChannel): ReplicationState {
  const { io, sql, error, delaySeconds, source } = channel;
  const told = (replication: Replication, text: string): ReplicationState => ({
    replication,
    because: `${channel.name === '' ? '' : `channel '${channel.name}': `}${text}${error === undefined ? '' : `: ${error}`}`,
  });
  if (isRunning(channel)) {
    return delaySeconds === 0
      ? RUNNING
      : { replication: 'delayed', because: `it applies ${delaySeconds} s late on purpose` };
  }
  const state = error === undefined ? 'stopped' : 'broken';
  if (sql === 'stopped')
    return told(state, io === 'stopped' ? 'both threads have stopped' : 'its SQL thread has stopped');
  if (io === 'stopped') return told(state, 'its IO thread has stopped');
  return told(error === undefined ? 'connecting' : 'broken', `its IO thread connects to ${source}`);
}
