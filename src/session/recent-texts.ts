import type { Classification, LexicalOptions } from '../sql/classification.js';
import { classify } from '../sql/classify.js';
import { joinReadings } from '../sql/join-readings.js';
import type { NodeId } from '../topology/node-report.js';
import type { NodeView, Topology } from '../topology/topology.js';
import { isSameServer, serverDialects } from './server-dialects.js';

const SLOTS = 256;
// V8 compares equal objects at once; long texts that only look alike would be compared in full.
const LONGEST = 4096;

/**
 * Classifies the texts of one pool as its servers read them, and remembers the last one in each of a few slots:
 * applications send the same templates again and again. Slots are found by length and three characters, so that no text is
 * ever hashed: V8 hashes each new string, and those over 16,383 characters by their length alone.
 */
export class RecentTexts {
  readonly #own: LexicalOptions;
  readonly #texts: string[] = new Array(SLOTS).fill('');
  readonly #classifications: (Classification | undefined)[] = new Array(SLOTS).fill(undefined);
  #dialects: readonly LexicalOptions[];
  #nodes: ReadonlyMap<NodeId, NodeView>;

  /** @param own what the options say, whatever the servers are */
  constructor(own: LexicalOptions, topology: Topology) {
    this.#own = own;
    this.#nodes = topology.nodes;
    this.#dialects = serverDialects(topology, own);
  }

  classify(sql: string): Classification {
    const { length } = sql;
    if (length > LONGEST) return this.#read(sql);
    const middle = sql.charCodeAt(length >> 1) * 7 + sql.charCodeAt((length * 3) >> 2) * 13;
    const slot = (length * 31 + middle + sql.charCodeAt(length - 1)) & (SLOTS - 1);
    const found = this.#classifications[slot];
    if (found !== undefined && this.#texts[slot] === sql) return found;
    const classification = this.#read(sql);
    this.#texts[slot] = sql;
    this.#classifications[slot] = classification;
    return classification;
  }

  /** Classifies a text of a session that has set its own `sql_mode`. */
  classifyIn(sqlMode: string, sql: string): Classification {
    return classify(sql, { ...this.#dialects[0], sqlMode });
  }

  /** Servers came, went, or were set differently: what was remembered may not hold for them. */
  onTopology({ nodes, ...rest }: Topology): void {
    const before = this.#nodes;
    this.#nodes = nodes;
    if (nodes === before || !isChanged(nodes, before)) return;
    this.#dialects = serverDialects({ nodes, ...rest }, this.#own);
    this.#texts.fill('');
    this.#classifications.fill(undefined);
  }

  #read(sql: string): Classification {
    const [first, ...others] = this.#dialects;
    const classification = classify(sql, first);
    if (others.length === 0) return classification;
    return joinReadings([classification, ...others.map((dialect) => classify(sql, dialect))]);
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
