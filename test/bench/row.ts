/** One line of the benchmark's table. */
export interface Row {
  readonly measure: string;
  readonly value: number;
  readonly unit: string;
  /** The value must not be over it; undefined for a line that only informs. */
  readonly bar?: number;
  /** Spread, reference and what else makes the value credible. */
  readonly detail: string;
  /** The machine was so busy that the reference measured twice differs from itself. */
  readonly noisy?: boolean;
  /** What the value was made from, for the file. */
  readonly figures?: unknown;
}

/** Whether the bar is met; undefined when there is none. */
export function isMet({ value, bar }: Row): boolean | undefined {
  return bar === undefined ? undefined : value <= bar;
}
