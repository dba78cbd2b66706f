import { traitsOf } from '../../../src/cluster/traits-of.js';
import type { ClusterKind } from '../../../src/cluster-kind.js';
import { GtidSet } from '../../../src/gtid/gtid-set.js';
import { type ApplyContext, apply, emptyTopology } from '../../../src/topology/apply.js';
import type { Wishes } from '../../../src/topology/apply-context.js';
import type { Change } from '../../../src/topology/change.js';
import type {
  Behind,
  ControlReport,
  ControlRow,
  FailedReport,
  GroupMember,
  GroupReport,
  HeartbeatReport,
  MemberState,
  NodeReport,
  ReplicationChannel,
  SemiSyncReport,
} from '../../../src/topology/node-report.js';
import type { Topology } from '../../../src/topology/topology.js';
import { galeraReport, type ShortWsrep } from './galera-report.js';

/** A report in the short form of the JSON cases: nodes are letters, `db-1` is `db-1:3306`, `A:1-5` is A's GTIDs. */
export interface ShortReport {
  readonly at: number;
  readonly from: string;
  /** When the answer came; `at` + 1 unless given. */
  readonly until?: number;
  readonly as?: string;
  readonly kind?: ClusterKind;
  readonly sqlMode?: string;
  readonly readOnly?: boolean;
  /** `null`: not allowed to see. */
  readonly channels?: readonly ShortChannel[] | null;
  readonly executed?: string | null;
  readonly behind?: Behind;
  /** Server id → time in the heartbeat table; read by this very probe unless `beatsAt` is given. */
  readonly beats?: Readonly<Record<string, string>>;
  readonly beatsAt?: number;
  readonly replicas?: readonly string[];
  readonly advertised?: string;
  readonly group?: ShortGroup;
  /** The report is read from these rows of a Galera node. */
  readonly wsrep?: ShortWsrep;
  readonly failed?: FailedReport['reason'];
  /** Rows of the control table, or why there are none. */
  readonly control?: readonly ShortRow[] | string;
  readonly semiSync?: SemiSyncReport['source'];
}

/** A row of the control table: `db-1` is `db-1:3306`. */
export interface ShortRow extends Partial<Omit<ControlRow, 'node'>> {
  readonly node: string;
}

export interface ShortGroup {
  /** `G` unless given. */
  readonly name?: string;
  readonly epoch?: string;
  /** `null`: the group numbers none. */
  readonly view: number | null;
  readonly quorum?: boolean;
  readonly state?: MemberState;
  /** What the group has delivered. */
  readonly received?: string;
  /** `A*` may be written to, `B/joining` is in that state; A's address is `db-1`, and so on. */
  readonly members: readonly string[];
  /** Members are reached as `a.<domain>`; with `null` they only have names. */
  readonly domain?: string | null;
}

export interface ShortChannel {
  readonly name?: string;
  /** The source's identity; left out while it never connected. */
  readonly id?: string;
  readonly source?: string;
  readonly io?: ReplicationChannel['io'];
  readonly sql?: ReplicationChannel['sql'];
  readonly delay?: number;
  readonly behind?: number;
  readonly retrieved?: string;
  readonly error?: string;
}

export interface ShortOptions {
  readonly failures?: number;
  readonly successes?: number;
  readonly discover?: boolean;
  readonly resolve?: Readonly<Record<string, string>>;
  /** By address. */
  readonly roles?: Readonly<Record<string, 'primary' | 'replica'>>;
  readonly holdMs?: number;
  readonly requireSemiSync?: Wishes['requireSemiSync'];
  /** Nodes that this process drains, and since when. */
  readonly drained?: Readonly<Record<string, number>>;
}

/** `A:1-5,B:7` with each letter's UUID. */
export function gtids(text: string): GtidSet {
  return GtidSet.parse(text.replace(/\b([A-F])(?=:)/g, (letter) => uuid(letter)));
}

/** A letter's UUID. */
export function uuid(letter: string): string {
  const digit = letter.toLowerCase();
  return [8, 4, 4, 4, 12].map((length) => digit.repeat(length)).join('-');
}

export function address(name: string): string {
  return name.includes(':') ? name : `${name}:3306`;
}

export function report(short: ShortReport): NodeReport {
  const common = { address: address(short.from), sentAt: short.at, answeredAt: short.until ?? short.at + 1 };
  if (short.wsrep !== undefined) return galeraReport(short.wsrep, common);
  if (short.failed !== undefined) {
    return { ok: false, ...common, reason: short.failed, message: `it is ${short.failed}`, code: undefined };
  }
  return {
    ok: true,
    ...common,
    id: short.as ?? '',
    kind: short.kind ?? 'gtid-replication',
    flavor: 'mysql',
    version: '9.7.4',
    sqlMode: short.sqlMode ?? '',
    readOnly: short.readOnly ?? false,
    executed: short.executed === null ? undefined : gtids(short.executed ?? ''),
    channels: short.channels === null ? undefined : (short.channels ?? []).map(channel),
    replicas: short.replicas?.map(address),
    advertised: short.advertised === undefined ? undefined : address(short.advertised),
    heartbeat: short.beats && heartbeat(short),
    behind: short.behind,
    semiSync: short.semiSync && {
      source: short.semiSync,
      replica: undefined,
      clients: undefined,
      waits: undefined,
      timeouts: undefined,
    },
    control: control(short.control),
    group: short.group && group(short.group),
    instance: undefined,
    missingGrants: [],
  };
}

function group(short: ShortGroup): GroupReport {
  return {
    name: short.name ?? 'G',
    view: short.view === null ? undefined : { epoch: short.epoch ?? '', number: short.view },
    quorum: short.quorum ?? true,
    state: short.state ?? 'online',
    members: short.members.map((text) => member(text, short.domain)),
    received: short.received === undefined ? undefined : gtids(short.received),
  };
}

function member(text: string, domain: string | null | undefined): GroupMember {
  const id = text.charAt(0);
  const state = text.includes('/') ? (text.slice(text.indexOf('/') + 1) as MemberState) : 'online';
  const rest = { id, state, writer: text.includes('*') };
  const name = id.toLowerCase();
  if (domain === null) return { ...rest, address: undefined, name: address(name) };
  return { ...rest, address: address(domain === undefined ? `db-${'ABCDEF'.indexOf(id) + 1}` : `${name}.${domain}`) };
}

// Server ids are the nodes' letters.
function heartbeat({ as = '', at, beats = {}, beatsAt = at }: ShortReport): HeartbeatReport {
  return { own: as, sentAt: beatsAt, beats: new Map(Object.entries(beats)) };
}

function control(rows: ShortReport['control']): ControlReport | undefined {
  if (rows === undefined) return undefined;
  if (typeof rows === 'string') return { problem: rows };
  const plain = {
    status: 'ONLINE',
    weight: undefined,
    zone: undefined,
    maxConnections: undefined,
    until: undefined,
    owner: undefined,
    reason: undefined,
  } as const;
  return {
    rows: rows.map((row) => ({ ...plain, ...row, node: /^db-/.test(row.node) ? address(row.node) : row.node })),
  };
}

function channel(short: ShortChannel): ReplicationChannel {
  return {
    name: short.name ?? '',
    source: address(short.source ?? 'nowhere'),
    sourceId: short.id,
    io: short.io ?? 'running',
    sql: short.sql ?? 'running',
    delaySeconds: short.delay ?? 0,
    secondsBehind: short.behind,
    retrieved: short.retrieved === undefined ? undefined : gtids(short.retrieved),
    error: short.error,
  };
}

const PLAIN = { srv: false, weight: 1, zone: undefined, tags: [] };

export function context(now: number, options: ShortOptions = {}): ApplyContext {
  const { failures = 3, successes = 2, discover = true, resolve, roles = {} } = options;
  const { drained = {}, holdMs = 1000, requireSemiSync = 'off' } = options;
  const wishes = { drained: new Map(Object.entries(drained)), holdMs, requireSemiSync };
  const seeds = Object.entries(roles).map(([name, role]) => {
    return { host: name, port: 3306, address: address(name), ...PLAIN, role, tlsName: undefined };
  });
  const map = resolve && ((from: string) => (resolve[from] === undefined ? undefined : resolve[from]));
  return {
    now,
    failures,
    successes,
    discover,
    wishes,
    traitsOf: (addresses) => traitsOf(seeds, addresses),
    ...(map ? { resolve: map } : {}),
  };
}

export function seeded(...seeds: readonly string[]): Topology {
  return emptyTopology(seeds.map(address));
}

/** Applies reports one after the other, each at the time its answer came. */
export function applyAll(
  topology: Topology,
  reports: readonly ShortReport[],
  options: ShortOptions = {},
  onStep?: (previous: Topology, next: Topology, now: number) => void,
): { topology: Topology; changes: Change[] } {
  let now = topology;
  const changes: Change[] = [];
  for (const short of reports) {
    const told = report(short);
    const applied = apply(now, told, context(told.answeredAt, options));
    onStep?.(now, applied.topology, told.answeredAt);
    now = applied.topology;
    changes.push(...applied.changes);
  }
  return { topology: now, changes };
}
