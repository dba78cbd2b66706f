import type { HeartbeatReport, LiveReport } from './node-report.js';
import type { Beat, LagState } from './topology.js';

const MAX_BEATS = 64;

/** Adds what the primary's heartbeat table says of its own row. */
export function addBeat(beats: readonly Beat[], { heartbeat }: LiveReport): readonly Beat[] {
  const time = heartbeat?.beats.get(heartbeat.own);
  if (heartbeat === undefined || time === undefined) return beats;
  const { own: server, sentAt } = heartbeat;
  const beat = { sentAt, server, time };
  const last = beats.at(-1);
  if (last === undefined || last.server !== server) return [beat];
  // One that goes back, as when its writer's clock was set, tells nothing until it has passed where it was.
  if (sentAt <= last.sentAt || time < last.time) return beats;
  return [...(time === last.time ? beats.slice(0, -1) : beats.slice(1 - MAX_BEATS)), beat];
}

/**
 * The lag of a replica by its heartbeats. A row that is newer than what the primary was seen to have was written after that, so
 * with it came all that had been acknowledged before: no clock is compared with another. It takes a replica that applies in
 * the primary's order.
 */
export function byBeats(
  heartbeat: HeartbeatReport | undefined,
  { beats, frozenAt }: { readonly beats: readonly Beat[]; readonly frozenAt: number | undefined },
): Pick<LagState, 'caughtUpTo' | 'low' | 'source'> | undefined {
  const server = beats.at(-1)?.server;
  const time = server === undefined ? undefined : heartbeat?.beats.get(server);
  if (heartbeat === undefined || time === undefined) return undefined;
  const passed = beats.findLast((beat) => beat.time < time);
  const missing = beats.findIndex((beat) => beat.time > time);
  // When the primary was asked for the next one, the one that is missing was there for all to see.
  const later = missing < 0 ? undefined : beats[missing + 1];
  const seenAt = Math.min(heartbeat.sentAt, frozenAt ?? heartbeat.sentAt);
  const low = later === undefined ? 0 : Math.max(0, seenAt - later.sentAt);
  return { caughtUpTo: passed?.sentAt, low, source: 'heartbeat' };
}
