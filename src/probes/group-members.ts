import { formatAddress } from '../address.js';
import type { GtidSet } from '../gtid/gtid-set.js';
import type {
  Address,
  GroupMember,
  GroupReport,
  MemberState,
  NodeId,
  ReplicationChannel,
} from '../topology/node-report.js';
import { CHANNEL, MEMBER } from './group-members-sql.js';
import { readSet } from './gtid-sample.js';
import { number, type Row, text } from './server-rows.js';

/** What the rows are read for. */
export interface GroupContext {
  /** The node's own identity. */
  readonly id: NodeId;
  /** The group that it is configured for. */
  readonly name: string;
  /** What it told before. */
  readonly last: GroupReport | undefined;
}

/** The view as the rows of `membersSql` tell it. */
export function readGroup(rows: readonly Row[], { id, name, last }: GroupContext): GroupReport {
  const members = rows.filter((row) => text(row, 'about') === MEMBER);
  const own = members.find((row) => text(row, 'id') === id);
  const state = own === undefined ? 'left' : readState(own);
  // A node that has left is alone in what it sees.
  if (own === undefined || state === 'left') {
    return { name, view: { epoch: '', number: 0 }, quorum: false, state: 'left', members: [] };
  }
  const reachable = members.filter((row) => readState(row) !== 'unreachable').length;
  return {
    name,
    view: readView(text(own, 'view')),
    quorum: 2 * reachable > members.length,
    state,
    // In one order on all of them, whichever server tells.
    members: members.map(readMember).sort((a, b) => ((a.id ?? '') < (b.id ?? '') ? -1 : 1)),
    received: readReceived(rows, last?.received),
  };
}

// `17953869342864370:3`: the first part is made when a group begins, the second counts.
function readView(view: string): GroupReport['view'] {
  const [epoch = '', count] = view.split(':');
  return { epoch, number: Number(count ?? 0) };
}

function readMember(row: Row): GroupMember {
  return {
    id: text(row, 'id'),
    address: readAddress(row),
    state: readState(row),
    writer: text(row, 'role') === 'PRIMARY',
  };
}

function readState(row: Row): MemberState {
  switch (text(row, 'state')) {
    case 'ONLINE':
      return 'online';
    case 'RECOVERING':
      return 'joining';
    case 'UNREACHABLE':
      return 'unreachable';
    default:
      return 'left';
  }
}

function readAddress(row: Row): Address | undefined {
  const host = text(row, 'host');
  const port = number(row, 'port');
  return host === '' || !port ? undefined : formatAddress({ host, port });
}

function readReceived(rows: readonly Row[], last: GtidSet | undefined): GtidSet | undefined {
  const applier = rows.find(
    (row) => text(row, 'about') === CHANNEL && text(row, 'name') === 'group_replication_applier',
  );
  return applier && readSet(text(applier, 'received'), last);
}

/**
 * The channels by which a server outside the group is followed. Only the group's primary runs them: the others stand by with
 * theirs stopped, and get all from the group.
 */
export function readSources(
  rows: readonly Row[],
  { id, group }: { readonly id: NodeId; readonly group: GroupReport },
): readonly ReplicationChannel[] {
  const channels = rows
    .filter((row) => text(row, 'about') === CHANNEL && !text(row, 'name').startsWith('group_replication_'))
    .flatMap(readChannel);
  const standsBy = group.members.some((member) => member.id === id && !member.writer);
  return standsBy ? channels.filter(({ io }) => io !== 'stopped') : channels;
}

function readChannel(row: Row): readonly ReplicationChannel[] {
  const source = readAddress(row);
  if (source === undefined) return [];
  const io = text(row, 'io');
  const channel: ReplicationChannel = {
    name: text(row, 'name'),
    source,
    sourceId: text(row, 'id') || undefined,
    io: io === 'ON' ? 'running' : io === 'CONNECTING' ? 'connecting' : 'stopped',
    sql: text(row, 'applier') === 'ON' ? 'running' : 'stopped',
    delaySeconds: number(row, 'delay') ?? 0,
    secondsBehind: undefined,
    retrieved: readSet(text(row, 'received'), undefined),
    error: text(row, 'error') || undefined,
  };
  return [channel];
}
