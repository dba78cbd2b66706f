import { expect, test } from 'vitest';
import { parseRules, type RuleOption } from '../../../src/rules.js';
import { Classifier } from '../../../src/session/classifier.js';
import { StatementRules } from '../../../src/session/statement-rules.js';
import { applyAll, seeded } from '../topology/build.js';

const BACKSLASH = String.raw`SELECT '\' /* cluster:primary */ -- '`;
const QUOTED = 'SELECT a FROM t WHERE b = "c"';

/** One server, and what sets its `sql_mode`. */
function server(): { readonly classifier: Classifier; set(sqlMode: string): void } {
  let at = 0;
  let topology = seeded('db-1');
  const report = (sqlMode: string): void => {
    at += 500;
    topology = applyAll(topology, [{ at, from: 'db-1', as: 'A', sqlMode }]).topology;
  };
  report('');
  const classifier = new Classifier({}, topology);
  return {
    classifier,
    set(sqlMode) {
      report(sqlMode);
      classifier.onTopology(topology);
    },
  };
}

function rulesOf(classifier: Classifier, rules: readonly RuleOption[]): StatementRules {
  return new StatementRules({ rules: parseRules(rules), commentHints: true }, () => classifier.dialect, 'shop');
}

test('reads comments as the servers read them, and anew when they change', () => {
  const { classifier, set } = server();
  const rules = rulesOf(classifier, []);
  expect(rules.of(BACKSLASH).hint).toBeUndefined();
  set('NO_BACKSLASH_ESCAPES');
  expect(rules.of(BACKSLASH).hint).toMatchObject({ route: 'primary' });
  set('');
  expect(rules.of(BACKSLASH).hint).toBeUndefined();
});

test('matches rules as the servers read a text, and anew when they change', () => {
  const { classifier, set } = server();
  const rules = rulesOf(classifier, [{ match: 'SELECT a FROM t WHERE b = 1', route: 'primary' }]);
  expect(rules.of(QUOTED).rule?.index).toBe(0);
  set('ANSI_QUOTES');
  expect(rules.of(QUOTED).rule).toBeUndefined();
});

test('remembers a text while the servers stay as they are', () => {
  const { classifier, set } = server();
  const rules = rulesOf(classifier, [{ match: { tables: ['shop.t'] }, route: 'replica' }]);
  const told = rules.of(QUOTED);
  expect(told.rule?.index).toBe(0);
  set('');
  expect(rules.of(QUOTED)).toBe(told);
  expect(rules.of(QUOTED, 'logs').rule).toBeUndefined();
});
