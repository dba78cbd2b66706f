import type { ReplayedState } from '../cluster/replayed-state.js';
import type { Classification } from '../sql/classification.js';
import { stateOf } from './session-state.js';

/** What a lease has to have before this statement. Who takes another schema has no use for the last, which may have been dropped. */
export function wantedBefore(
  { statements, effects }: Classification,
  wanted: ReplayedState,
  has: ReplayedState,
): ReplayedState {
  return statements === 1 && effects[0]?.type === 'use' ? stateOf(wanted.variables, has.schema) : wanted;
}

/** What a connection is like after its set-up. */
export interface FreshConnection {
  readonly database: string | undefined;
  readonly customized: boolean;
  readonly ignoresSpace: boolean;
}

// An empty list must not begin with a comma.
const IGNORING_SPACE = "TRIM(LEADING ',' FROM CONCAT(@@global.sql_mode, ',IGNORE_SPACE'))";

/**
 * The statements that bring a lease from the state it has to the one that a session wants, in order.
 *
 * @param fresh what a fresh connection is like: its schema, whether the application sets more on it than is known here, and whether
 * its handshake has added IGNORE_SPACE to the server's `sql_mode`, as mysql2's does by default
 * @returns undefined when that cannot be done: the lease has to be replaced by a fresh one
 */
export function replay(
  has: ReplayedState,
  wants: ReplayedState,
  { database, customized, ignoresSpace }: FreshConnection,
): readonly string[] | undefined {
  if (has.fingerprint === wants.fingerprint) return [];
  const undone = [...has.variables.keys()].filter((name) => !wants.variables.has(name));
  // DEFAULT is the server's global value; a connection's character sets come from its handshake instead.
  if (customized && (undone.length > 0 || (has.schema !== undefined && wants.schema === undefined))) return undefined;
  if (undone.some((name) => /^(character_set|collation)_/.test(name))) return undefined;
  const schema = wants.schema ?? database;
  if (schema === undefined && has.schema !== undefined) return undefined;
  return [
    ...assignments(
      undone.map((name) => `${name}=${name === 'sql_mode' && ignoresSpace ? IGNORING_SPACE : 'DEFAULT'}`),
      wants,
    ),
    ...(schema === undefined || schema === (has.schema ?? database) ? [] : [`USE ${identifier(schema)}`]),
  ];
}

function assignments(undone: readonly string[], wants: ReplayedState): readonly string[] {
  const set = [...wants.variables]
    .sort(([a], [b]) => rank(a) - rank(b))
    .map(([name, value]) => `${name}=${literal(name, value)}`);
  const all = [...undone, ...set];
  return all.length === 0 ? [] : [`SET SESSION ${all.join(', ')}`];
}

// `character_set_connection` changes `collation_connection`, which therefore goes last.
function rank(name: string): number {
  return name === 'collation_connection' ? 2 : name.startsWith('character_set_') ? 1 : 0;
}

// The server reports values as text and wants numbers as numbers. None of the replayed variables has a backslash.
function literal(name: string, value: string): string {
  if (name === 'character_set_results' && value === '') return 'NULL';
  return /^-?\d+(\.\d+)?$/.test(value) ? value : `'${value.replace(/'/g, "''")}'`;
}

function identifier(name: string): string {
  return `\`${name.replace(/`/g, '``')}\``;
}
