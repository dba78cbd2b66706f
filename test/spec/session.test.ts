import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { NOTHING_REPLAYED } from '../../src/cluster/replayed-state.js';
import type { AnswerHeader } from '../../src/session/answer.js';
import { rowsHeaders } from '../../src/session/answer.js';
import { accessOf } from '../../src/session/intent-of.js';
import { replay } from '../../src/session/replay.js';
import { SessionState, type Slot } from '../../src/session/session-state.js';
import { isToldLater, leavesNoTrace, mayChangeUnseen } from '../../src/session/traces.js';
import type { Classification } from '../../src/sql/classification.js';
import { classify } from '../../src/sql/classify.js';

/** An answer's header as the server gives it, in short. */
interface Header {
  /** Transaction open, or autocommit off: the status bits. Default: neither. */
  readonly status?: readonly ('in transaction' | 'no autocommit' | 'read only')[];
  /** System variables that the server reports. */
  readonly vars?: Readonly<Record<string, string>>;
  readonly schema?: string;
  /** The server says that the session's state changed. */
  readonly changed?: boolean;
}

interface Step {
  readonly sql: string;
  /** The server answered with an error that may have rolled the transaction back. */
  readonly rolledBack?: boolean;
  /** MySQL answered with any other error. */
  readonly failed?: boolean;
  /**
   * One header, several, or `'rows'`: those come without, or with the status at their end alone. Default: one header that says
   * nothing.
   */
  readonly answer?: Header | readonly Header[] | 'rows' | { readonly rows: NonNullable<Header['status']> };
  readonly slot?: Slot;
  readonly release?: boolean;
}

interface Case {
  readonly row?: number;
  readonly name: string;
  readonly steps: readonly Step[];
  readonly pins: readonly string[];
  readonly pinnedTo?: Slot;
  /** Variables to be replayed; default none. */
  readonly variables?: Readonly<Record<string, string>>;
  readonly schema?: string;
  readonly serializable?: boolean;
  readonly sqlMode?: string;
  /** Statements that could come next: a read, or a write, of a session that nothing binds. */
  readonly next?: Readonly<Record<string, 'read' | 'write'>>;
  /** Statements after which the server closes the connection, and those after which it does not. */
  readonly closes?: readonly string[];
  readonly keeps?: readonly string[];
  /** What is run on a fresh lease before the next statement, of a pool on the schema `shop`; null when it has to be replaced. */
  readonly replay?: readonly string[] | null;
}

const BITS = { 'in transaction': 1, 'no autocommit': -2, 'read only': 8192 } as const;

const bitsOf = (status: NonNullable<Header['status']>): number => status.reduce((bits, name) => bits + BITS[name], 2);

function headerOf({ status = [], vars = {}, schema, changed }: Header): AnswerHeader {
  const serverStatus = bitsOf(status);
  if (Object.keys(vars).length === 0 && schema === undefined && !changed) return { serverStatus };
  const stateChanges = {
    systemVariables: vars,
    schema: schema ?? null,
    gtids: [],
    trackStateChange: changed ? '' : null,
  };
  return { serverStatus: serverStatus + 16384, stateChanges };
}

function headersIn(answer: Step['answer']): readonly AnswerHeader[] {
  if (answer === 'rows') return [];
  if (answer === undefined) return [headerOf({})];
  if ('rows' in answer) return rowsHeaders(bitsOf(answer.rows));
  return (Array.isArray(answer) ? (answer as readonly Header[]) : [answer as Header]).map(headerOf);
}

// As a session does it: each header with the text's effects; rows have none.
function take(state: SessionState, { sql, answer, rolledBack, failed, slot = 'primary', release }: Step): void {
  if (rolledBack) return state.doubt();
  if (failed) return fail(state, classify(sql), slot);
  const mode = state.sqlMode;
  const classification = classify(sql, mode === undefined ? {} : { sqlMode: mode });
  const headers = headersIn(answer);
  if (headers.length === 0) state.apply(classification, undefined, slot);
  for (const header of headers) state.apply(classification, header, slot);
  if (release) state.release();
}

function fail(state: SessionState, classification: Classification, slot: Slot): void {
  if (mayChangeUnseen(classification)) state.suspect(slot, isToldLater(classification, '9.7.0'));
}

function accessIn(state: SessionState, sql: string): 'read' | 'write' {
  const session = { state, core: { database: 'shop' } } as unknown as Parameters<typeof accessOf>[1];
  return accessOf(classify(sql, state.sqlMode === undefined ? {} : { sqlMode: state.sqlMode }), session);
}

const folder = new URL('./session/', import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith('.json'));
const casesOf = (file: string): Case[] => JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Case[];

describe.each(files)('%s', (file) => {
  for (const example of casesOf(file)) {
    test(`${example.row ?? ''} ${example.name}`.trim(), () => {
      const state = new SessionState();
      for (const step of example.steps) take(state, step);
      expect({
        pins: [...state.pins].sort(),
        pinnedTo: state.pinnedTo,
        variables: Object.fromEntries(state.wanted.variables),
        schema: state.wanted.schema,
        serializable: state.serializable,
        sqlMode: state.sqlMode,
      }).toEqual({
        pins: [...example.pins].sort(),
        pinnedTo: example.pinnedTo ?? (example.pins.length > 0 ? 'primary' : undefined),
        variables: example.variables ?? {},
        schema: example.schema,
        serializable: example.serializable ?? false,
        sqlMode: example.sqlMode ?? example.variables?.sql_mode,
      });
      expect(state.inTransaction).toBe(example.pins.includes('a transaction'));
      expect(state.autocommit).toBe(!example.pins.includes('autocommit=0'));
      for (const [sql, access] of Object.entries(example.next ?? {}))
        expect([sql, accessIn(state, sql)]).toEqual([sql, access]);
      for (const sql of example.closes ?? []) expect([sql, state.closes(classify(sql))]).toEqual([sql, true]);
      for (const sql of example.keeps ?? []) expect([sql, state.closes(classify(sql))]).toEqual([sql, false]);
      if (example.replay !== undefined) {
        const statements = replay(NOTHING_REPLAYED, state.wanted, {
          database: 'shop',
          customized: false,
          ignoresSpace: true,
        });
        expect(statements ?? null).toEqual(example.replay);
      }
    });
  }
});

// Where a row is no matter of a session's state, the test that holds it: its file, and the beginning of its name.
const ELSEWHERE: Readonly<Record<number, readonly [file: string, name: string]>> = {
  43: ['integration/session-answers.test.ts', 'LAST_INSERT_ID() is of the last insert, also after reads on a replica'],
  56: ['integration/session.test.ts', 'START TRANSACTION READ ONLY runs on a replica, on one, and sees one snapshot'],
  60: ['compat/drizzle.test.ts', 'commits and rolls back, nested too'],
  76: ['integration/session-answers.test.ts', 'an open stream binds its connection'],
  78: ['integration/tls-names.test.ts', 'are checked against tlsName, for probes, followers and statements'],
};

test('there are at least 175 cases, and each row of E2, E3 and E4 has one, here or elsewhere', () => {
  const cases = files.flatMap(casesOf);
  expect(cases.length).toBeGreaterThanOrEqual(175);
  const rows = new Set(cases.map(({ row }) => row));
  for (let row = 34; row <= 79; row++) {
    const elsewhere = ELSEWHERE[row];
    expect(rows.has(row), `row ${row}`).toBe(elsewhere === undefined);
    if (elsewhere === undefined) continue;
    const [file, name] = elsewhere;
    expect(readFileSync(new URL(`../${file}`, import.meta.url), 'utf8')).toContain(`it('${name}`);
  }
});

// What leaves no trace is not taken in: then it must have had nothing to say, to a new session or in a transaction.
test('what is said to leave no trace leaves none', () => {
  const quiet = { new: 0, transaction: 0 };
  for (const { steps } of files.flatMap(casesOf)) {
    const state = new SessionState();
    for (const step of steps) {
      const { sql, answer, slot = 'primary' } = step;
      const steady = step.failed || step.rolledBack || step.release ? undefined : state.steadyStatus(slot);
      const before = JSON.stringify(factsOf(state));
      take(state, step);
      if (steady === undefined || !leavesNoTrace(classify(sql), headersIn(answer), steady)) continue;
      quiet[state.inTransaction ? 'transaction' : 'new']++;
      expect(JSON.stringify(factsOf(state)), sql).toBe(before);
    }
  }
  expect(quiet.new).toBeGreaterThan(3);
  expect(quiet.transaction).toBeGreaterThan(3);
});

function factsOf({ pins, wanted, pinnedTo, nextTransaction, untold, serializable }: SessionState): object {
  return { pins, wanted: wanted.fingerprint, pinnedTo, nextTransaction, untold, serializable };
}

test('`wanted` is the same object while nothing changes', () => {
  const state = new SessionState();
  const before = state.wanted;
  take(state, { sql: 'INSERT INTO t VALUES (1)' });
  expect(state.wanted).toBe(before);
  take(state, { sql: 'USE shop', answer: { schema: 'shop', changed: true } });
  const after = state.wanted;
  expect(after).not.toBe(before);
  take(state, { sql: 'USE shop', answer: { schema: 'shop', changed: true } });
  expect(state.wanted).toBe(after);
});

test('fingerprints are equal for equal states, whatever the way to them', () => {
  const [a, b] = [new SessionState(), new SessionState()];
  const zone: Step = { sql: "SET time_zone = '+00:00'", answer: { vars: { time_zone: '+00:00' }, changed: true } };
  const checks: Step = { sql: 'SET unique_checks = 0', answer: { vars: { unique_checks: 'OFF' }, changed: true } };
  for (const step of [zone, checks]) take(a, step);
  for (const step of [checks, zone]) take(b, step);
  expect(a.wanted.fingerprint).toBe(b.wanted.fingerprint);
  take(b, { sql: 'SET unique_checks = 1', answer: { vars: { unique_checks: 'ON' }, changed: true } });
  expect(a.wanted.fingerprint).not.toBe(b.wanted.fingerprint);
});
