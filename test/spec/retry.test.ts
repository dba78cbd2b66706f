import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { ErrorFacts } from '../../src/error-facts.js';
import type { PinReason } from '../../src/session/pins.js';
import { decideRetry, type RetryDecision } from '../../src/session/retry.js';
import type { Slot } from '../../src/session/session-state.js';
import { classify } from '../../src/sql/classify.js';

/** What happened → what to do about it. */
interface Case {
  readonly sql: string;
  readonly facts: keyof typeof happened;
  readonly slot?: Slot;
  readonly pins?: readonly PinReason[];
  readonly sent?: number;
  readonly delivered?: boolean;
  readonly enabled?: boolean;
  readonly primaryServes?: boolean;
  readonly expect: string;
  readonly because: string;
}

const ANSWERED: ErrorFacts = {
  sent: true,
  couldHaveRun: true,
  wrongNode: false,
  readOnlyTransaction: false,
  undecided: false,
  notReady: false,
  unknownName: false,
  gone: false,
  full: false,
  denied: false,
  usable: true,
};

const happened = {
  /** The server answered with an error of the statement's own: 1062, 1064, 1213, … */
  'its own error': ANSWERED,
  /** 1290 that names read-only, or 1836. */
  'refused as read-only': { ...ANSWERED, couldHaveRun: false, wrongNode: true },
  /** 1792. */
  'refused by a read-only transaction': {
    ...ANSWERED,
    couldHaveRun: false,
    wrongNode: true,
    readOnlyTransaction: true,
  },
  /** 3100: the node left its group before that had decided. */
  undecided: { ...ANSWERED, undecided: true },
  /** 1047: a Galera node that takes no statement now. */
  'not ready': { ...ANSWERED, couldHaveRun: false, notReady: true },
  /** 1146 and the like: it has no such table. */
  'no such name': { ...ANSWERED, unknownName: true },
  /** The connection was lost after the statement was sent. */
  lost: { ...ANSWERED, gone: true, usable: false },
  /** The connection was lost before anything was sent. */
  'lost unsent': { ...ANSWERED, sent: false, couldHaveRun: false, gone: true, usable: false },
  /** 1040, 1203, 1226 on an open connection. */
  full: { ...ANSWERED, full: true },
  /** An error of the driver itself: a time limit, a packet that it cannot read. */
  'given up by the driver': { ...ANSWERED, usable: false },
} as const satisfies Record<string, ErrorFacts>;

const FIRST = { slot: 'primary', pins: [], sent: 1, delivered: false, enabled: true, primaryServes: true } as const;

function told(decision: RetryDecision): string {
  if (decision.action === 'throw') return decision.as;
  return `again ${decision.where === 'primary' ? 'on the primary' : 'elsewhere'}${decision.misrouted ? ', misrouted' : ''}`;
}

const folder = new URL('./retry/', import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith('.json'));
const casesOf = (file: string): Case[] => JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Case[];

function nameOf(example: Case): string {
  const { sql, facts, slot = 'primary', pins = [], sent = 1, delivered, enabled, primaryServes } = example;
  const extras = [
    ...pins,
    ...(sent === 1 ? [] : [`attempt ${sent}`]),
    ...(delivered ? ['rows delivered'] : []),
    ...(enabled === false ? ['retry: false'] : []),
    ...(primaryServes === false ? ['no primary to ask'] : []),
  ];
  return `${facts}, ${slot}${extras.length > 0 ? ` (${extras.join(', ')})` : ''}: ${sql}`;
}

describe.each(files)('%s', (file) => {
  for (const example of casesOf(file)) {
    test(nameOf(example), () => {
      const { sql, facts } = example;
      expect(Object.keys(happened)).toContain(facts);
      const attempt = { ...FIRST, ...example, facts: happened[facts], classification: classify(sql) };
      expect(told(decideRetry(attempt)), example.because).toBe(example.expect);
    });
  }
});

test('there are at least 60 cases, each with its reason, and none twice', () => {
  const cases = files.flatMap(casesOf);
  expect(cases.length).toBeGreaterThanOrEqual(60);
  expect(cases.filter(({ because }) => !because)).toEqual([]);
  expect(new Set(cases.map(nameOf)).size).toBe(cases.length);
});

// Holds for whatever the cases leave out: no text is sent twice that could have written and may have run.
test('what could have written and may have run is never run again', () => {
  const texts = ['INSERT INTO t VALUES (1)', 'CALL p()', 'SELECT f(1)', 'DO f()', 'GRANT SELECT ON a.* TO b', 'KILL 5'];
  const slots = ['primary', 'replica'] as const;
  const pinned: readonly (readonly PinReason[])[] = [[], ['a transaction'], ['a temporary table'], ['autocommit=0']];
  for (const sql of texts) {
    for (const slot of slots) {
      for (const pins of pinned) {
        for (const name of ['lost', 'undecided', 'given up by the driver'] as const) {
          const attempt = { ...FIRST, facts: happened[name], classification: classify(sql), slot, pins };
          const decision = decideRetry(attempt);
          expect(decision.action, `${name}, ${slot}, ${pins.join()}: ${sql}`).toBe('throw');
        }
      }
    }
  }
});

test('in a pin nothing is ever run again: its state is on that one connection', () => {
  for (const facts of Object.values(happened)) {
    for (const sql of ['SELECT id FROM t', 'INSERT INTO t VALUES (1)', 'COMMIT', 'SELECT id FROM t FOR UPDATE']) {
      for (const slot of ['primary', 'replica'] as const) {
        const attempt = { ...FIRST, facts, classification: classify(sql), slot, pins: ['a user lock'] as const };
        expect(decideRetry(attempt).action).toBe('throw');
      }
    }
  }
});
