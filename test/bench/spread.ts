/** What a list of measurements comes down to. */
export interface Spread {
  readonly min: number;
  readonly p10: number;
  readonly median: number;
  readonly p90: number;
}

/** Minimum, median and the range that holds eight of ten. */
export function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  return { min: sorted[0] ?? 0, p10: quantile(sorted, 0.1), median: quantile(sorted, 0.5), p90: quantile(sorted, 0.9) };
}

export function median(values: readonly number[]): number {
  return spread(values).median;
}

/** `min 34.1, median 36.0 (p10 34.9, p90 39.5)`. */
export function spreadText({ min, p10, median: middle, p90 }: Spread, digits = 1): string {
  const [least, low, mid, high] = [min, p10, middle, p90].map((value) => value.toFixed(digits));
  return `min ${least}, median ${mid} (p10 ${low}, p90 ${high})`;
}

/** The value below which that share of the values lies. */
export function quantileOf(values: readonly number[], share: number): number {
  return quantile(
    [...values].sort((a, b) => a - b),
    share,
  );
}

// Linear between the two nearest.
function quantile(sorted: readonly number[], share: number): number {
  const at = (sorted.length - 1) * share;
  const below = sorted[Math.floor(at)] ?? 0;
  const above = sorted[Math.ceil(at)] ?? below;
  return below + (above - below) * (at - Math.floor(at));
}
