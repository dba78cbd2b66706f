import type { Classification, LexicalOptions } from '../sql/classification.js';
import { classify } from '../sql/classify.js';
import { joinReadings } from '../sql/join-readings.js';
import { readsNoTable } from '../sql/tables/tables-of.js';
import type { NodeId } from '../topology/node-report.js';
import type { NodeView, Topology } from '../topology/topology.js';
import { RefusedForms } from './refused-forms.js';
import { isSameServer, serverDialects } from './server-dialects.js';
import { TextMemo } from './text-memo.js';

const REFUSED = 'a replica refused a statement of this form as a write';

/** Why a read that does nothing but wait is to run on the primary. */
export const ONLY_SLEEPS = 'only sleeps: whoever looks for it in SHOW PROCESSLIST asks the primary';
const SLEEP = /^\s*SELECT\s+SLEEP\s*\(/i;

/** Classifies the texts of one pool: as its servers read them, and by what they have refused. */
export class Classifier {
  /** What replicas refused as writes although it looked like a read. */
  readonly refused = new RefusedForms();
  /** Called with the functions of a text that are not known to be free of side effects. */
  onUnknown: ((functions: readonly string[]) => void) | undefined;
  #own: LexicalOptions;
  readonly #vouched: ReadonlySet<string>;
  readonly #memo = new TextMemo<Classification>((sql) => this.#read(sql));
  #dialects: readonly LexicalOptions[];
  #nodes: ReadonlyMap<NodeId, NodeView>;

  /** @param own what the options say, whatever the servers are */
  constructor(own: LexicalOptions, topology: Topology) {
    this.#own = own;
    this.#vouched = own.readOnlyFunctions ?? new Set();
    this.#nodes = topology.nodes;
    this.#dialects = serverDialects(topology, own);
  }

  /** How the servers read a text, or the first of them where they differ: another object when that changes. */
  get dialect(): LexicalOptions {
    return this.#dialects[0] ?? this.#own;
  }

  classify(sql: string): Classification {
    return this.#memo.of(sql);
  }

  /** Classifies a text of a session that has set its own `sql_mode`. */
  classifyIn(sqlMode: string, sql: string): Classification {
    return this.#known(sql, classify(sql, { ...this.dialect, sqlMode }));
  }

  /** A replica refused this text as a write: texts of its form go to the primary from now on. */
  learn(sql: string, node: string): void {
    this.refused.add(sql, node, this.dialect);
    this.#memo.clear();
  }

  /** These functions are free of side effects too, and no others but those of the options. */
  trust(functions: ReadonlySet<string>): void {
    const readOnlyFunctions = functions.size === 0 ? this.#vouched : new Set([...this.#vouched, ...functions]);
    this.#own = Object.freeze({ ...this.#own, readOnlyFunctions });
    this.#dialects = this.#dialects.map((dialect) => Object.freeze({ ...dialect, readOnlyFunctions }));
    this.#memo.clear();
  }

  /** Servers came, went, or were set differently: what was remembered may not hold for them. */
  onTopology({ nodes, ...rest }: Topology): void {
    const before = this.#nodes;
    this.#nodes = nodes;
    if (nodes === before || !isChanged(nodes, before)) return;
    this.#dialects = serverDialects({ nodes, ...rest }, this.#own);
    this.#memo.clear();
  }

  #read(sql: string): Classification {
    const [first, ...others] = this.#dialects;
    const classification = classify(sql, first);
    if (others.length === 0) return this.#known(sql, classification);
    const readings = [classification, ...others.map((dialect) => classify(sql, dialect))];
    return this.#known(sql, joinReadings(readings));
  }

  #known(sql: string, classification: Classification): Classification {
    if (classification.functions.length > 0) this.onUnknown?.(classification.functions);
    if (classification.access !== 'read') return classification;
    if (SLEEP.test(sql) && readsNoTable(sql, this.dialect)) {
      return Object.freeze({ ...classification, because: ONLY_SLEEPS });
    }
    if (this.refused.size === 0 || !this.refused.has(sql, this.dialect)) return classification;
    return Object.freeze({ ...classification, access: 'write' as const, because: REFUSED });
  }
}

function isChanged(nodes: ReadonlyMap<NodeId, NodeView>, before: ReadonlyMap<NodeId, NodeView>): boolean {
  if (nodes.size !== before.size) return true;
  for (const [id, { lastReport }] of nodes) {
    const last = before.get(id)?.lastReport;
    if (last === lastReport) continue;
    if (last === undefined || lastReport === undefined || !isSameServer(last, lastReport)) return true;
  }
  return false;
}
