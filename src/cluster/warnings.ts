import type { ClusterEvents } from '../observe/events.js';
import type { LiveReport } from '../topology/node-report.js';
import { warningsOf } from './report-warnings.js';

type Warning = ClusterEvents['warning'][0];

/** Warnings that are told once, however often there is a reason. */
export class Warnings {
  readonly #tell: (warning: Warning) => void;
  readonly #told = new Set<string>();

  constructor(tell: (warning: Warning) => void) {
    this.#tell = tell;
  }

  once(code: Warning['code'], message: string, about = message): void {
    if (this.#told.has(about)) return;
    this.#told.add(about);
    this.#tell({ code, message });
  }

  /** What a report shows that somebody should look into. */
  ofReport(report: LiveReport): void {
    for (const { code, message, about } of warningsOf(report)) this.once(code, message, about);
  }
}
