import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { NOTHING_REPLAYED, type ReplayedState } from '../../src/cluster/replayed-state.js';
import { replay } from '../../src/session/replay.js';
import { SessionState } from '../../src/session/session-state.js';
import { classify } from '../../src/sql/classify.js';

interface State {
  readonly variables?: Readonly<Record<string, string>>;
  readonly schema?: string;
}

/** What a lease has, what a session wants, and the statements between. `null`: only a fresh lease will do. */
interface Case {
  readonly name: string;
  readonly has?: State;
  readonly wants?: State;
  readonly database?: string;
  /** The application sets more on its new connections than is known here. */
  readonly customized?: boolean;
  readonly ignoresSpace?: boolean;
  readonly statements: readonly string[] | null;
}

/** Made as sessions make it: from the server's reports. */
function stateOf({ variables = {}, schema }: State = {}): ReplayedState {
  if (Object.keys(variables).length === 0 && schema === undefined) return NOTHING_REPLAYED;
  const state = new SessionState();
  const stateChanges = { systemVariables: variables, schema: schema ?? null, gtids: [], trackStateChange: '' };
  state.apply(classify("SET time_zone = 'reported'"), { serverStatus: 2, stateChanges }, 'primary');
  return state.wanted;
}

const folder = new URL('./replay/', import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith('.json'));
const casesOf = (file: string): Case[] => JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Case[];

describe.each(files)('%s', (file) => {
  test.each(casesOf(file))(
    '$name',
    ({ has, wants, database, customized = false, ignoresSpace = false, statements }) => {
      const [from, to] = [stateOf(has), stateOf(wants)];
      expect(replay(from, to, { database, customized, ignoresSpace }) ?? null).toEqual(statements);
    },
  );
});

test('equal states need nothing, whatever they are', () => {
  for (const { has, wants, database } of files.flatMap(casesOf)) {
    for (const state of [stateOf(has), stateOf(wants)])
      expect(replay(state, state, { database, customized: false, ignoresSpace: true })).toEqual([]);
  }
});

test('no text of a value or a name gets out of its quotes', () => {
  const bad = "x'; DROP TABLE t; -- `";
  const wants = stateOf({ variables: { time_zone: bad }, schema: bad });
  for (const statement of replay(NOTHING_REPLAYED, wants, { database: 'shop', customized: true, ignoresSpace: true }) ??
    []) {
    expect(classify(statement).statements).toBe(1);
    expect(classify(statement).access).toBe('session');
  }
});
