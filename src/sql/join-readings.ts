import type { Access, Classification, Dependency, Effect } from './classification.js';

/** From weak to strong: any statement may be treated as a stronger one. */
const ORDERED: readonly Access[] = ['read', 'locking-read', 'write'];

/**
 * The one answer that is safe whichever of the servers reads the text: the strongest, where the readings can be compared, else
 * `'unknown'`. A reading that finds no statement has no say, since the server then refuses the text as empty.
 */
export function joinReadings(readings: readonly Classification[]): Classification {
  const told = readings.filter(({ statements }) => statements > 0);
  const first = told[0];
  if (first === undefined) return readings[0]!;
  if (told.every((reading) => isAlike(reading, first))) return first;
  const isSame = told.every(({ access }) => access === first.access);
  const isOrdered = told.every(({ access }) => ORDERED.includes(access));
  if (!isSame && !isOrdered) return unsure(told, 'it depends on the server and its sql_mode what it does');
  const strength = ({ access }: Classification): number => ORDERED.indexOf(access);
  const strongest = told.reduce((best, reading) => (strength(reading) > strength(best) ? reading : best));
  return merge(told, { ...strongest, statements: Math.max(...told.map(({ statements }) => statements)) });
}

/** Not to be told apart by anybody. */
function isAlike(a: Classification, b: Classification): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

/** Unknown, with everything that any reading found. */
export function unsure(readings: readonly Classification[], because: string): Classification {
  const statements = Math.max(1, ...readings.map((reading) => reading.statements));
  const kind = readings[0]?.kind ?? 'unknown';
  return merge(readings, { kind, access: 'unknown', statements, because });
}

type Verdict = Pick<Classification, 'kind' | 'access' | 'statements' | 'because'>;

function merge(readings: readonly Classification[], verdict: Verdict): Classification {
  const { kind, access, statements, because } = verdict;
  return Object.freeze({
    kind,
    access,
    statements,
    effects: Object.freeze(distinctEffects(readings)),
    dependsOn: Object.freeze([...new Set<Dependency>(readings.flatMap(({ dependsOn }) => dependsOn))]),
    functions: Object.freeze([...new Set(readings.flatMap(({ functions }) => functions))]),
    because,
  });
}

function distinctEffects(readings: readonly Classification[]): Effect[] {
  const effects = new Map<string, Effect>();
  for (const { effects: own } of readings) for (const effect of own) effects.set(JSON.stringify(effect), effect);
  return [...effects.values()];
}
