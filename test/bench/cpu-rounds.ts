import { setImmediate as settle } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** One of several that do the same work. */
export interface Contender {
  readonly name: string;
  /** Makes what the next run needs; not counted. */
  prepare?(operations: number): void;
  run(operations: number): Promise<void> | void;
}

export interface RoundOptions {
  readonly rounds: number;
  /** Operations of each contender in each round. */
  readonly operations: number;
}

/** By name, one figure a round. */
export type CpuByContender = ReadonlyMap<string, readonly number[]>;

const WARM_UPS = 3;
/** Operations after which V8 has compiled what it will compile. */
const WARM_OPERATIONS = 30_000;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as (options: { type: 'minor' | 'major' }) => void;

/**
 * CPU µs (user and system) of this process per operation. The contenders take turns, each once a round, in an order that
 * changes: whoever comes after whom, everybody meets the same noise. Warm-up is not counted.
 */
export async function cpuRounds(contenders: readonly Contender[], options: RoundOptions): Promise<CpuByContender> {
  const figures = new Map<string, number[]>(contenders.map(({ name }) => [name, []]));
  const warmUps = Math.max(WARM_UPS, Math.ceil(WARM_OPERATIONS / options.operations));
  for (let round = 0; round < warmUps; round++) {
    for (const contender of inOrder(contenders, round)) await cpuOf(contender, options.operations);
  }
  collect({ type: 'major' });
  for (let round = 0; round < options.rounds; round++) {
    for (const contender of inOrder(contenders, round)) {
      figures.get(contender.name)?.push(await cpuOf(contender, options.operations));
    }
  }
  return figures;
}

// Everybody begins with an empty nursery: nobody pays for the garbage of the one before.
async function cpuOf(contender: Contender, operations: number): Promise<number> {
  contender.prepare?.(operations);
  await settle();
  collect({ type: 'minor' });
  const before = process.cpuUsage();
  await contender.run(operations);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / operations;
}

// Rotated each second round, and backwards in the others.
function inOrder(contenders: readonly Contender[], round: number): readonly Contender[] {
  const first = (round >> 1) % contenders.length;
  const rotated = [...contenders.slice(first), ...contenders.slice(0, first)];
  return round % 2 === 0 ? rotated : rotated.reverse();
}
