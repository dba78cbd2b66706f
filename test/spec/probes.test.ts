import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { ClusterKind } from '../../src/cluster-kind.js';
import type { Probe, ProbeContext } from '../../src/probes/probe.js';
import { probeOf } from '../../src/probes/probe-of.js';
import type { LiveReport, NodeReport } from '../../src/topology/node-report.js';
import { type SpelledAnswer, spell } from '../support/probe-answers.js';

/** Ticks of one connection: what is asked, what the server answers, what is read. `"last"` is carried from tick to tick. */
interface Case {
  readonly name: string;
  /** Where the rows are from: a server that was run, or a manual. */
  readonly source: string;
  readonly version: string;
  /** The option `heartbeat.table`. */
  readonly heartbeat?: string;
  /** The address that is asked; `db-1:3306` unless given. */
  readonly address?: string;
  readonly ticks: readonly Tick[];
}

interface Tick {
  /** The tick's number; the one after the last unless given. */
  readonly tick?: number;
  /** A part of each statement's text, in order. */
  readonly asks: readonly string[];
  readonly answers: readonly SpelledAnswer[];
  readonly report: Readonly<Record<string, unknown>>;
}

const folder = new URL('./probes/', import.meta.url);

for (const name of readdirSync(folder).filter((file) => file.endsWith('.json'))) {
  const kind = name.replace('.json', '') as ClusterKind;
  describe(kind, () => {
    for (const spec of JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as readonly Case[]) {
      test(`${spec.version}: ${spec.name}`, () => run(spec, probeOf(kind)));
    }
  });
}

function run({ version, source, ticks, heartbeat, address = 'db-1:3306' }: Case, probe: Probe): void {
  expect(source).toMatch(/^(run on|manual, not run)/);
  let last: LiveReport | undefined;
  let number = 0;
  for (const { tick = number, asks, answers, report: wanted } of ticks) {
    const context: ProbeContext = { tick, last, version, heartbeat };
    const queries = probe.queries(context);
    expect(queries.length).toBeLessThanOrEqual(tick === 0 ? 3 : 2);
    expect(queries.map(({ sql }, i) => (asks[i] !== undefined && sql.includes(asks[i]) ? asks[i] : sql))).toEqual(asks);
    const meta = { address, sentAt: tick * 500, answeredAt: tick * 500 + 1, context };
    const report = probe.read(answers.map(spell), meta);
    expect(plain(report)).toMatchObject(wanted);
    if (report.ok) last = report;
    number = tick + 1;
  }
}

/** As JSON, with `null` for undefined and sets as text. */
function plain(report: NodeReport): unknown {
  const text = JSON.stringify(report, (_key, value: unknown) => {
    if (value === undefined) return null;
    if (value instanceof Map) return Object.fromEntries(value);
    const isSet = typeof value === 'object' && value !== null && 'transactions' in value;
    return isSet ? String(value) : value;
  });
  return JSON.parse(text) as unknown;
}
