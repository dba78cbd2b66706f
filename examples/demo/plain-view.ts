import { ms, secondsSince, whole } from './format.js';
import type { Gauges, NodeGauge } from './meter.js';
import type { View } from './view.js';

const EVERY_MS = 1000;

/** A line a second, and one for each event. */
export class PlainView implements View {
  readonly #output: NodeJS.WritableStream;
  readonly #start = performance.now();
  #last = this.#start;
  #ended = false;

  constructor(output: NodeJS.WritableStream) {
    this.#output = output;
  }

  event(line: string): void {
    if (this.#ended) return;
    this.#output.write(`${secondsSince(this.#start).padStart(6)}  * ${line}\n`);
  }

  refresh({ nodes, held }: Gauges): void {
    if (this.#ended || performance.now() - this.#last < EVERY_MS) return;
    this.#last += EVERY_MS;
    const line = [...nodes.map(nodeText), `held ${held}`].join(' | ');
    this.#output.write(`${secondsSince(this.#start).padStart(6)}  ${line}\n`);
  }

  end(): void {
    this.#ended = true;
  }
}

function nodeText(node: NodeGauge): string {
  const lag = node.lagMs === undefined ? '' : ` lag ≤ ${ms(node.lagMs)} ms`;
  const rates = `${whole(node.readsPerSecond)} r/s ${whole(node.writesPerSecond)} w/s`;
  return `${node.name} ${node.role}${lag} ${rates} p99 ${ms(node.p99)} ms`;
}
