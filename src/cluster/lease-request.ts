import type { DriverError } from '../error-facts.js';
import type { Intent } from '../routing/intent.js';
import type { Address, NodeId } from '../topology/node-report.js';
import type { NodeView, Topology } from '../topology/topology.js';
import type { PhysicalConnection } from './physical-connection.js';

/** A statement in search of a connection. The source changes `intent` and `node` as the search goes on. */
export interface LeaseRequest {
  intent: Intent;
  /** The node that was chosen last. */
  node: NodeView | undefined;
  because: string;
  /** It has waited for a primary. */
  held: boolean;
  /** The topology that the choice was made on. */
  routedOn: Topology | undefined;
  /** Clock ms at which it began. */
  readonly begunAt: number;
  /** Clock ms until which it may wait for a primary, or for any node at all. */
  readonly holdUntil: number;
  /** Clock ms until which a read may wait for freshness. */
  readonly freshUntil: number;
  /** Its session holds another lease already. */
  readonly second: boolean;
  /** The lease that its session keeps on this node. */
  kept(node: NodeId): PhysicalConnection | undefined;
  onLease(lease: PhysicalConnection, now: number): void;
  onPoolError(error: Error): void;
  onError(error: Error): void;
}

const SILENT: ReadonlySet<unknown> = new Set(['ETIMEDOUT', 'PROBE_TIMEOUT']);

/**
 * Until when a request waits although no node has answered a probe: what refuses has said so, and what is silent has the time that
 * mysql2 gives it, which is more than a probe has. One that refuses does not speak for others.
 */
export function patienceOf(
  { begunAt, holdUntil }: Pick<LeaseRequest, 'begunAt' | 'holdUntil'>,
  errors: ReadonlyMap<Address, DriverError>,
  connectTimeoutMs: number,
): number {
  const silent = [...errors.values()].some(({ code }) => SILENT.has(code));
  return silent ? Math.min(holdUntil, begunAt + connectTimeoutMs) : 0;
}
