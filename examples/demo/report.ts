import { ms, row, whole } from './format.js';
import type { Findings, Ledger } from './ledger.js';
import type { NodeGauge } from './meter.js';
import type { Times } from './story.js';
import { KINDS, percentile, type Tally, worstGap } from './tally.js';

const WAITED_MS = 250;

/** All that is known at the end. */
export interface Ending {
  readonly tally: Tally;
  readonly ledger: Ledger;
  readonly times: Times;
  readonly nodes: readonly NodeGauge[];
  readonly mostHeld: number;
  readonly findings: readonly Findings[];
}

/** Whether anything was found that must not be. */
export function isSound({ findings }: Ending): boolean {
  return findings.every(
    ({ lost, doubled, contradicted, stockAddsUp }) =>
      lost.length + doubled.length + contradicted.length === 0 && stockAddsUp,
  );
}

/** The report; its last lines are `lost: N` and `doubled: N`. */
export function report(ending: Ending): string[] {
  return [
    '',
    ...nodeTable(ending),
    '',
    ...kindTable(ending),
    '',
    ...troubles(ending),
    '',
    ...failover(ending),
    '',
    ...copies(ending),
    '',
    `lost: ${idsOf(ending, 'lost')}`,
    `doubled: ${idsOf(ending, 'doubled')}`,
  ];
}

function nodeTable({ nodes, tally }: Ending): string[] {
  const widths = [14, 12, 12, 14, 8];
  return [
    'statements by node (writes: all that ran on it as the primary, those of transactions too)',
    row(['', 'reads', 'writes', 'transactions', 'errors'], widths),
    ...nodes.map(({ name, address, reads, writes, errors }) =>
      row([name, whole(reads), whole(writes), whole(tally.transactions.get(address) ?? 0), whole(errors)], widths),
    ),
  ];
}

function kindTable({ tally }: Ending): string[] {
  const widths = [14, 12, 12, 14, 8, 10];
  return [
    row(['class', 'succeeded', 'failed', 'p50 ms', 'p99 ms', 'worst ms'], widths),
    ...KINDS.map((kind) => {
      const { durations } = tally.successes[kind];
      const times = [50, 99, 100].map((percent) => ms(percentile(durations, percent)));
      return row([kind, whole(durations.length), whole(tally.failures[kind]), ...times], widths);
    }),
  ];
}

function troubles({ tally, nodes, mostHeld }: Ending): string[] {
  const { write, transaction } = tally.successes;
  const waited = [...write.durations, ...transaction.durations].filter((duration) => duration >= WAITED_MS);
  const seen = [...tally.errors.values()].reduce((sum, count) => sum + count, 0);
  const onNodes = nodes.reduce((sum, { errors }) => sum + errors, 0);
  const codes = [...tally.errors].map(([code, count]) => `${code} ${count}`).sort();
  return [
    `errors that the application saw: ${codes.length === 0 ? 'none' : codes.join(', ')}`,
    `transactions run again by the application: ${tally.rerun}`,
    `statements run again by the package, unseen: ${Math.max(0, onNodes - seen)}`,
    `held: at most ${mostHeld} at a time; writes that waited ${WAITED_MS} ms or more and succeeded: ${waited.length}`,
    `own writes not seen by the next read: ${tally.unseen}`,
  ];
}

function failover({ tally, times: { killed, promoting, promoted, closed } }: Ending): string[] {
  const first = tally.writeEnds().find((end) => end > promoting);
  return [
    `ms without writes after the promotion: ${first === undefined ? 'none came' : ms(Math.max(0, first - promoted))}`,
    `ms without writes after the kill: ${first === undefined ? 'none came' : ms(first - killed)} (promotion began at ${ms(promoting - killed)}, ended at ${ms(promoted - killed)})`,
    `ms, worst gap between successful reads: ${ms(worstGap([...tally.successes.read.ends, closed]))}`,
  ];
}

function copies({ findings, ledger }: Ending): string[] {
  const unknown = ledger.count('unknown');
  return [
    `acknowledged writes: ${whole(ledger.count('acknowledged'))}, unknown: ${unknown}, unanswered: ${ledger.count('pending')}, failed: ${ledger.count('failed')}`,
    ...findings.map(
      ({ node, held, lost, doubled, contradicted, unknownButThere, stockAddsUp }) =>
        `${node}: holds ${whole(held)} (${unknownButThere} of the unknown), lost ${lost.length}, doubled ${doubled.length}, ` +
        `failed yet there ${contradicted.length}, stock ${stockAddsUp ? 'adds up' : 'DOES NOT ADD UP'}`,
    ),
  ];
}

function idsOf({ findings }: Ending, list: 'lost' | 'doubled'): number {
  return new Set(findings.flatMap((found) => found[list])).size;
}
