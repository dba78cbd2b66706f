import { isMet, type Row } from './row.js';

const HEAD = ['measure', 'value', 'bar', 'met', 'detail'] as const;

/** The rows as a Markdown table with aligned columns. */
export function table(rows: readonly Row[]): string {
  const cells = rows.map((row) => [row.measure, shown(row.value, row.unit), bar(row), met(row), row.detail]);
  const widths = HEAD.map((name, at) =>
    Math.max(...[name, ...cells.map((line) => line[at] ?? '')].map(({ length }) => length)),
  );
  const line = (texts: readonly string[]): string =>
    `| ${texts.map((text, at) => text.padEnd(widths[at] ?? 0)).join(' | ')} |`;
  return [line(HEAD), line(widths.map((width) => '-'.repeat(width))), ...cells.map(line)].join('\n');
}

/** A number with its unit; counts without decimals. */
export function shown(value: number, unit: string): string {
  const digits = unit === '' ? (Number.isInteger(value) ? 0 : 3) : unit === 'ms' ? 0 : 2;
  // Adding 0 turns -0 into 0.
  const text = (Number(value.toFixed(digits)) + 0).toFixed(digits);
  return `${text}${unit === '' ? '' : ` ${unit}`}`;
}

function bar({ bar: limit, unit }: Row): string {
  if (limit === undefined) return '';
  return limit === 0 ? '0' : `≤ ${limit}${unit === '' ? '' : ` ${unit}`}`;
}

function met(row: Row): string {
  const answer = isMet(row);
  if (answer === undefined) return '';
  return `${answer ? 'met' : 'NOT MET'}${row.noisy ? ', noisy' : ''}`;
}
