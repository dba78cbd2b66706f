import { type Contender, cpuRounds, type RoundOptions } from './cpu-rounds.js';
import { median, type Spread, spread, spreadText } from './spread.js';

/** Two that are compared. The reference is measured twice, so that the noise shows. */
export interface Comparison {
  readonly reference: Contender;
  readonly ours: Contender;
  readonly concurrency: number;
}

/** Node CPU µs per query, and their ratios. */
export interface PoolRatio {
  /** Median over the rounds of ours to the mean of both measurements of the reference in the same round. */
  readonly ratio: number;
  readonly ratioOfMinima: number;
  /** Of the tenth percentiles: a busy machine only adds. */
  readonly ratioOfLows: number;
  /** Median over the rounds of the reference's second measurement to its first: 1 without noise. */
  readonly noise: number;
  /** p10 and p90 of those. */
  readonly noiseRange: readonly [number, number];
  readonly ours: Spread;
  readonly reference: Spread;
  readonly again: Spread;
}

/** Compares in interleaved rounds. */
export async function comparePools({ reference, ours }: Comparison, options: RoundOptions): Promise<PoolRatio> {
  const twin = { name: `${reference.name}, again`, run: reference.run };
  const figures = await cpuRounds([reference, ours, twin], options);
  const of = ({ name }: Contender): readonly number[] => figures.get(name) ?? [];
  const [first, second, own] = [of(reference), of(twin), of(ours)];
  const both = first.map((value, round) => (value + (second[round] ?? value)) / 2);
  const [low, lowAgain] = [spread(first).p10, spread(second).p10];
  const noise = spread(ratios(second, first));
  return {
    ratio: median(ratios(own, both)),
    // The mean of both minima: the least of twice as many tries would be too low.
    ratioOfMinima: (2 * Math.min(...own)) / (Math.min(...first) + Math.min(...second)),
    ratioOfLows: (2 * spread(own).p10) / (low + lowAgain),
    noise: noise.median,
    noiseRange: [noise.p10, noise.p90],
    ours: spread(own),
    reference: spread(first),
    again: spread(second),
  };
}

/** The figures behind a ratio, in one line. */
export function ratioText(ratio: PoolRatio): string {
  const [low, high] = ratio.noiseRange.map((value) => value.toFixed(2));
  return [
    `µs ours: ${spreadText(ratio.ours)}`,
    `mysql2: ${spreadText(ratio.reference)}`,
    `again: ${spreadText(ratio.again)}`,
    `ratio of minima ${ratio.ratioOfMinima.toFixed(3)}`,
    `of p10 ${ratio.ratioOfLows.toFixed(3)}`,
    `noise ${ratio.noise.toFixed(3)} (${low} to ${high})`,
  ].join('; ');
}

function ratios(above: readonly number[], below: readonly number[]): number[] {
  return above.map((value, round) => value / (below[round] ?? value));
}
