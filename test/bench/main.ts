/** The benchmark: `npm run bench`. Prints the table of what is promised, and writes the figures to a file. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { dirname } from 'node:path';
import { type BenchOptions, benchOptions, PARTS, type Part, USAGE } from './bench-options.js';
import { classifying, specRoutes } from './classifying.js';
import { fleets } from './fleet/fleet.js';
import { lag } from './lag.js';
import { levelPool } from './level-pool.js';
import { noticing } from './noticing.js';
import { pointSelect } from './point-select.js';
import { promotion } from './promotion.js';
import { replicaLoss } from './replica-loss.js';
import { routingDecision } from './routing-decision.js';
import { isMet, type Row } from './row.js';
import { sessions } from './sessions.js';
import { table } from './table.js';

const LIMIT_MS = 20 * 60_000;

const measures: Readonly<Record<Part, (options: BenchOptions) => Promise<Row[]>>> = {
  classify: classifying,
  routing: routingDecision,
  level: levelPool,
  point: pointSelect,
  lag,
  sessions,
  promotion,
  noticing,
  fleet: fleets,
  reads: replicaLoss,
  spec: specRoutes,
};

interface Outcome {
  readonly rows: readonly Row[];
  readonly broken: readonly string[];
}

async function measureAll(options: BenchOptions): Promise<Outcome> {
  const rows: Row[] = [];
  const broken: string[] = [];
  for (const part of PARTS.filter((name) => options.parts.includes(name))) {
    console.log(`measuring: ${part}`);
    try {
      rows.push(...(await measures[part](options)));
    } catch (error) {
      console.error(error);
      broken.push(`${part}: ${String(error)}`);
    }
  }
  return { rows, broken };
}

function save({ json, ...options }: BenchOptions, { rows, broken }: Outcome): void {
  const machine = { node: process.version, cpus: cpus().length, cpu: cpus()[0]?.model, load: loadavg() };
  const judged = rows.map((row) => ({ ...row, met: isMet(row) ?? null }));
  mkdirSync(dirname(json), { recursive: true });
  writeFileSync(json, `${JSON.stringify({ at: new Date(), machine, options, rows: judged, broken }, undefined, 2)}\n`);
  console.log(`figures: ${json}`);
}

function readOptions(): BenchOptions | undefined {
  try {
    return benchOptions(process.argv.slice(2));
  } catch (error) {
    console.error(`${String(error)}\n${USAGE}`);
    return undefined;
  }
}

const options = readOptions();
if (options === undefined) process.exitCode = 2;
else {
  const limit = setTimeout(() => {
    console.error(`not done after ${LIMIT_MS / 60_000} minutes`);
    process.exit(3);
  }, LIMIT_MS);
  const outcome = await measureAll(options);
  clearTimeout(limit);
  console.log(`\n${table(outcome.rows)}\n`);
  console.log(
    `load of the machine: ${loadavg()
      .map((load) => load.toFixed(1))
      .join(', ')} on ${cpus().length} CPUs`,
  );
  save(options, outcome);
  for (const line of outcome.broken) console.error(`broken: ${line}`);
  process.exitCode = outcome.broken.length > 0 ? 1 : 0;
}
