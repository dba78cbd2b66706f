import type { ProbeAnswer } from './probe.js';

/** One row of a server's answer. */
export type Row = Readonly<Record<string, unknown>>;

/** `SHOW VARIABLES` and `SHOW STATUS` rows by lower-case name. */
export function readVariables(rows: readonly Row[]): ReadonlyMap<string, string> {
  return new Map(rows.map((row) => [text(row, 'variable_name').toLowerCase(), text(row, 'value')]));
}

/** A column by its name in any case, and by any of its names: releases rename them. `''` for NULL and for none. */
export function text(row: Row, ...names: readonly string[]): string {
  const value = cell(row, names);
  if (value === undefined || value === null) return '';
  return value instanceof Uint8Array ? new TextDecoder().decode(value) : String(value);
}

/** A number of a column; undefined for NULL and for none. */
export function number(row: Row, ...names: readonly string[]): number | undefined {
  const value = text(row, ...names);
  return value === '' || Number.isNaN(Number(value)) ? undefined : Number(value);
}

function cell(row: Row, names: readonly string[]): unknown {
  for (const name of names) if (name in row) return row[name];
  const wanted = names.map((name) => name.toLowerCase());
  const key = Object.keys(row).find((column) => wanted.includes(column.toLowerCase()));
  return key === undefined ? undefined : row[key];
}

/** True when `version` is at least this release. */
export function isFrom(version: string, [major, minor, patch]: readonly [number, number, number]): boolean {
  const [, x, y, z] = /^(\d+)\.(\d+)\.(\d+)/.exec(version) ?? [];
  const difference = Number(x ?? 0) - major || Number(y ?? 0) - minor || Number(z ?? 0) - patch;
  return difference >= 0;
}

/** ER_DBACCESS_DENIED_ERROR, ER_ACCESS_DENIED_ERROR, ER_TABLEACCESS_DENIED_ERROR, ER_SPECIFIC_ACCESS_DENIED_ERROR. */
const DENIED: readonly number[] = [1044, 1045, 1142, 1227];

/** The account lacks the privilege for that statement. */
export function isDenied(answer: ProbeAnswer | undefined): boolean {
  return answer !== undefined && 'error' in answer && DENIED.includes(answer.error.errno);
}
