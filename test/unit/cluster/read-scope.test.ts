import { afterEach, describe, expect, test } from 'vitest';
import { Cluster } from '../../../src/cluster/cluster.js';
import type { LeaseRequest } from '../../../src/cluster/lease-request.js';
import { LeaseSource } from '../../../src/cluster/lease-source.js';
import { parseOptions } from '../../../src/options.js';
import { HandClock } from '../../support/hand-clock.js';
import { report, type ShortReport, uuid } from '../topology/build.js';

/** A cluster that is told what its nodes say, and a pool on it. */
class Scene {
  readonly clock = new HandClock();
  readonly warnings: string[] = [];
  readonly cluster: Cluster;
  readonly source: LeaseSource;

  constructor() {
    const nodes = ['db-1:3306', 'db-2:3306', 'db-3:3306'];
    const settings = parseOptions({ nodes, discover: false, maxLagMs: 60_000 });
    const connection = { user: 'nobody' };
    this.cluster = new Cluster({ settings, connection, clock: this.clock });
    this.cluster.events.on('warning', ({ code }) => this.warnings.push(code));
    this.source = new LeaseSource(this.cluster, { connection, settings });
  }

  hear(short: Omit<ShortReport, 'at'>): void {
    this.clock.advance(10);
    const until = this.clock.now();
    this.cluster.observe(report({ ...short, at: until - 5, until }));
  }

  /** The node that a read which begins now would run on. */
  get read(): string | undefined {
    const { route } = this.source.explain(this.source.scope.readIntent());
    return route.type === 'use' ? route.node.address : route.type;
  }

  async end(): Promise<void> {
    await this.source.close(0);
    this.cluster.close();
  }
}

const scenes: Scene[] = [];
afterEach(async () => {
  for (const scene of scenes.splice(0)) await scene.end();
});

function begin(): Scene {
  const scene = new Scene();
  scenes.push(scene);
  return scene;
}

const W = [`${uuid('A')}:11`];

describe('GTID replication', () => {
  const primary = (scene: Scene, executed: string) => scene.hear({ from: 'db-1', as: 'A', executed });
  const replica = (scene: Scene, name: 'db-2' | 'db-3', executed: string) => {
    const channel = { from: 'db-1', id: 'A' };
    scene.hear({ from: name, as: name === 'db-2' ? 'B' : 'C', readOnly: true, executed, channels: [channel] });
  };
  /** One of which every replica has what was written. */
  const written = (): Scene => {
    const scene = begin();
    for (let i = 0; i < 3; i++) {
      primary(scene, 'A:1-10');
      replica(scene, 'db-2', 'A:1-10');
    }
    scene.source.scope.add(W);
    primary(scene, 'A:1-11');
    replica(scene, 'db-2', 'A:1-11');
    return scene;
  };

  test('a read that needed nothing, and comes again when a replica has come, needs what that one may lack', () => {
    const scene = written();
    const intent = scene.source.scope.readIntent();
    expect(intent.need).toBeUndefined();
    const request = { ...idle(scene), intent };
    scene.source.acquire(request, request.begunAt);
    expect(request.node?.address).toBe('db-2:3306');
    for (let i = 0; i < 3; i++) replica(scene, 'db-3', 'A:1-10');
    expect(scene.cluster.topology.replicas).toHaveLength(2);
    expect(scene.source.scope.refresh(intent).need?.unknownSince).toBeDefined();
    scene.source.acquire(request, scene.clock.now());
    expect(request.node?.address).not.toBe('db-3:3306');
    const eventual = scene.source.scope.readIntent(undefined, 'eventual');
    expect(scene.source.scope.refresh(eventual)).toBe(eventual);
  });

  test('a replica that has lost what it had is not read from, though its role has never changed', () => {
    const scene = written();
    expect([scene.source.scope.need, scene.read]).toEqual([undefined, 'db-2:3306']);
    replica(scene, 'db-2', 'A:1-10');
    expect(scene.read).toBe('db-1:3306');
  });
});

describe('a group', () => {
  const all = ['A*', 'B', 'C'];
  const rest = ['B*', 'C'];

  const member = (scene: Scene, as: string, members: string[], [executed, received] = ['A:1-10', 'A:1-10']) => {
    const group = { view: members === all ? 1 : 2, members, received };
    const readOnly = !members.includes(`${as}*`);
    scene.hear({ from: `db-${' ABC'.indexOf(as)}`, as, executed, readOnly, channels: [], group });
  };

  test('what the new primary has received counts as its own: nothing is lost, and a read waits for it', () => {
    const scene = begin();
    for (let i = 0; i < 3; i++) for (const as of ['A', 'B', 'C']) member(scene, as, all);
    scene.source.scope.add(W);
    for (const as of ['B', 'C']) member(scene, as, rest, ['A:1-10', 'A:1-11']);
    expect(scene.cluster.topology.primary?.address).toBe('db-2:3306');
    for (const as of ['B', 'C']) member(scene, as, rest, ['A:1-10', 'A:1-11']);
    expect(scene.source.scope.need?.gtids.toString()).toContain(`${uuid('A')}:`);
    member(scene, 'B', rest, ['A:1-11', 'A:1-11']);
    expect([scene.read === 'db-3:3306', scene.warnings]).toEqual([false, []]);
    member(scene, 'C', rest, ['A:1-11', 'A:1-11']);
    expect(scene.read).toBe('db-3:3306');
  });

  test('what it has not received in time is lost, and said to be', () => {
    const scene = begin();
    for (let i = 0; i < 3; i++) for (const as of ['A', 'B', 'C']) member(scene, as, all);
    scene.source.scope.add(W);
    for (const as of ['B', 'C']) member(scene, as, rest);
    expect(scene.warnings).toEqual([]);
    // While there is none nobody can tell.
    scene.clock.advance(11_000);
    scene.hear({ from: 'db-2', failed: 'gone' });
    expect([scene.cluster.topology.primary, scene.warnings]).toEqual([undefined, []]);
    for (const as of ['B', 'C']) member(scene, as, rest);
    expect(scene.warnings).toEqual(['WRITES_LOST']);
    for (const as of ['B', 'C', 'B', 'C']) member(scene, as, rest);
    expect(scene.source.scope.need).toBeUndefined();
  });

  test('Galera: a writer that is taken out has given its writes to the others, though their last reports are older', () => {
    const scene = begin();
    const members = ['db-1', 'db-2', 'db-3'];
    const node = (from: string, committed: number, more = {}) =>
      scene.hear({ from, wsrep: { conf: 3, uuid: ' ABC'.charAt(Number(from.at(-1))), committed, members, ...more } });
    for (let i = 0; i < 3; i++) for (const from of members) node(from, 90);
    scene.source.scope.addUnknown();
    node('db-2', 95);
    node('db-3', 95);
    node('db-1', 100);
    expect(scene.source.scope.need?.gtids.isEmpty).toBe(false);
    node('db-1', 104, { maintenance: 'SHUTDOWN' });
    expect(scene.cluster.topology.primary?.address).toBe('db-2:3306');
    expect([scene.read === 'db-3:3306', scene.warnings]).toEqual([false, []]);
    node('db-2', 106);
    expect([scene.read === 'db-3:3306', scene.warnings]).toEqual([false, []]);
  });
});

/** A read that nobody gives a connection. */
function idle({ clock, source }: Scene): LeaseRequest {
  const begunAt = clock.now();
  const nothing = (): undefined => undefined;
  return {
    intent: source.scope.readIntent(),
    node: undefined,
    because: '',
    held: false,
    routedOn: undefined,
    begunAt,
    holdUntil: begunAt + 30_000,
    freshUntil: begunAt + 50,
    second: false,
    kept: nothing,
    onLease: nothing,
    onPoolError: nothing,
    onError: nothing,
  };
}
