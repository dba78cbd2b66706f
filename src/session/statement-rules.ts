import { OptionError } from '../errors.js';
import type { Settings } from '../options.js';
import type { Rule } from '../rules.js';
import type { LexicalOptions } from '../sql/classification.js';
import { type CommentHint, commentHintOf } from '../sql/comment-hints.js';
import { digestOf } from '../sql/digest.js';
import type { TableUse } from '../sql/tables/table-use.js';
import { type TableOptions, tablesOf } from '../sql/tables/tables-of.js';
import { TextMemo } from './text-memo.js';

/** What the rules and the comments of one text say. */
export interface Told {
  /** The first rule that matches. */
  readonly rule: Rule | undefined;
  readonly hint: CommentHint | undefined;
  /** The text has a comment that looks like a hint and is none. */
  readonly bad: OptionError | undefined;
}

/** A rule of a pool and how many statements it has decided or refused. */
export interface RuleHits {
  readonly rule: Rule;
  readonly hits: number;
}

function isNamed({ schema, name }: TableUse, wanted: string): boolean {
  const bare = name.toLowerCase();
  return wanted === bare || (schema !== undefined && wanted === `${schema.toLowerCase()}.${bare}`);
}

/** The options `rules` and `commentHints` at work. Pure, but for counting. */
export class StatementRules {
  readonly #rules: readonly Rule[];
  readonly #digests: readonly (string | undefined)[];
  readonly #hits: number[];
  readonly #hints: boolean;
  readonly #dialect: () => LexicalOptions;
  readonly #schema: string | undefined;
  #last: LexicalOptions | undefined;
  readonly #memo = new TextMemo<Told>((sql) => this.#read(sql));

  /**
   * @param dialect how the servers read a text now: another object when that has changed
   * @param schema a fresh connection's, for names that have none
   */
  constructor(
    { rules, commentHints }: Pick<Settings, 'rules' | 'commentHints'>,
    dialect: () => LexicalOptions,
    schema: string | undefined,
  ) {
    this.#rules = rules;
    this.#digests = rules.map(({ match }) => (typeof match === 'string' ? digestOf(match) : undefined));
    this.#hits = rules.map(() => 0);
    this.#hints = commentHints;
    this.#dialect = dialect;
    this.#schema = schema;
  }

  /** Each rule with its hits. */
  hits(): readonly RuleHits[] {
    return this.#rules.map((rule, index) => ({ rule, hits: this.#hits[index] ?? 0 }));
  }

  /** @param schema the session's, when it has chosen one by itself */
  of(sql: string, schema?: string): Told {
    const dialect = this.#dialect();
    if (dialect !== this.#last) this.#memo.clear();
    this.#last = dialect;
    return schema === undefined ? this.#memo.of(sql) : this.#read(sql, schema);
  }

  /** A statement was decided by the rule. */
  count({ index }: Rule): void {
    this.#hits[index] = (this.#hits[index] ?? 0) + 1;
  }

  #read(sql: string, schema = this.#schema): Told {
    const reading = { ...this.#dialect(), schema };
    const rule = this.#rules.find((candidate) => this.#matches(candidate, sql, reading));
    try {
      return { rule, hint: this.#hints ? commentHintOf(sql, reading) : undefined, bad: undefined };
    } catch (error) {
      return { rule, hint: undefined, bad: new OptionError('cluster.commentHints', (error as Error).message) };
    }
  }

  #matches({ match, index, route }: Rule, sql: string, reading: TableOptions): boolean {
    if (match instanceof RegExp) return match.test(sql);
    if (typeof match === 'string') return digestOf(sql, reading) === this.#digests[index];
    const { tables, complete } = tablesOf(sql, reading);
    if (tables.some((table) => match.tables.some((name) => isNamed(table, name)))) return true;
    // A table that was not found may be the one: the primary is right for it as well.
    return !complete && route === 'primary';
  }
}
