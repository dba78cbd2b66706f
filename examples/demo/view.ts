import { LiveView } from './live-view.js';
import type { Gauges } from './meter.js';
import { PlainView } from './plain-view.js';

/** Shows the shop while it is open. */
export interface View {
  /** Something happened. */
  event(line: string): void;
  refresh(gauges: Gauges): void;
  /** Leaves the last picture standing and the terminal as it was. May be called more than once. */
  end(): void;
}

/** A picture that refreshes in a terminal, else lines. */
export function openView(output: NodeJS.WriteStream): View {
  return output.isTTY ? new LiveView(output) : new PlainView(output);
}
