import { ms, row, secondsSince, whole } from './format.js';
import type { Gauges, NodeGauge } from './meter.js';
import { KINDS } from './tally.js';
import type { View } from './view.js';

const HIDE_CURSOR = '\x1b[?25l';
const SHOW_CURSOR = '\x1b[?25h';
const CLEAR_REST_OF_LINE = '\x1b[K';
const CLEAR_BELOW = '\x1b[J';
const HEAD = ['node', 'role', 'lag ≤ ms', 'reads/s', 'writes/s', 'in flight', 'p99 ms'];
const WIDTHS = [22, 9, 8, 8, 8, 9, 7];
const MOST_EVENTS = 12;

/** A picture that is written over the last one, line by line, so that nothing flickers. */
export class LiveView implements View {
  readonly #output: NodeJS.WriteStream;
  readonly #start = performance.now();
  readonly #events: string[] = [];
  readonly #restore = (): void => this.end();
  #gauges: Gauges | undefined;
  #height = 0;
  #ended = false;

  constructor(output: NodeJS.WriteStream) {
    this.#output = output;
    process.once('exit', this.#restore);
    output.write(HIDE_CURSOR);
  }

  event(line: string): void {
    this.#events.push(`${secondsSince(this.#start).padStart(7)}  ${line}`);
    this.#draw();
  }

  refresh(gauges: Gauges): void {
    this.#gauges = gauges;
    this.#draw();
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    process.off('exit', this.#restore);
    this.#output.write(SHOW_CURSOR);
  }

  #draw(): void {
    if (this.#ended || this.#gauges === undefined) return;
    const { columns = 80, rows = 24 } = this.#output;
    const table = this.#table(this.#gauges);
    const room = Math.max(0, Math.min(MOST_EVENTS, rows - table.length - 2));
    const lines = [...table, ...(room > 0 ? this.#events.slice(-room) : [])].slice(0, rows - 1);
    const up = this.#height > 0 ? `\x1b[${this.#height}A\r` : '';
    // One write a picture; a line that is too long would wrap and shift all that follow.
    const text = lines.map((line) => `${line.slice(0, columns - 1)}${CLEAR_REST_OF_LINE}\n`).join('');
    this.#output.write(`${up}${text}${CLEAR_BELOW}`);
    this.#height = lines.length;
  }

  #table({ nodes, kinds, held }: Gauges): string[] {
    const rates = KINDS.map((kind) => `${kind}s ${whole(kinds[kind].perSecond)}/s p99 ${ms(kinds[kind].p99)} ms`);
    return [
      `${secondsSince(this.#start)}   ${rates.join('   ')}   held ${held}`,
      '',
      row(HEAD, WIDTHS),
      ...nodes.map(nodeRow),
      '',
    ];
  }
}

function nodeRow(node: NodeGauge): string {
  const cells = [
    `${node.name} ${node.address.replace(/^.*:/, ':')}`,
    node.role,
    ms(node.lagMs),
    whole(node.readsPerSecond),
    whole(node.writesPerSecond),
    String(node.inFlight),
    ms(node.p99),
  ];
  return row(cells, WIDTHS);
}
