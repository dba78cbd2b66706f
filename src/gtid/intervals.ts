/**
 * Ascending, disjoint, non-adjacent intervals of transaction numbers, flat: `[start, end, start, end, …]`, ends included.
 * Plain numbers: MySQL's limit is 2^63, and a server that commits a million a second reaches 2^53 in 285 years.
 */
export type Intervals = readonly number[];

/** True when every number of `small` is in `big`. Cost: |small| × log |big|. */
export function containsIntervals(big: Intervals, small: Intervals): boolean {
  for (let i = 0; i < small.length; i += 2) {
    const at = lastStartingBy(big, small[i]!);
    if (at < 0 || big[at + 1]! < small[i + 1]!) return false;
  }
  return true;
}

/** The index of the last interval that starts at or before `number`; -2 when none does. */
function lastStartingBy(intervals: Intervals, number: number): number {
  let low = 0;
  let high = intervals.length / 2 - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    if (intervals[middle * 2]! <= number) low = middle + 1;
    else high = middle - 1;
  }
  return high * 2;
}

/** All numbers of either. */
export function uniteIntervals(a: Intervals, b: Intervals): Intervals {
  const end = a[a.length - 1] ?? 0;
  // A commit's own GTID is nearly always the next one.
  if (b.length === 2 && b[0] === end + 1 && a.length > 0) return [...a.slice(0, -1), b[1]!];
  return mergePairs([...pairs(a), ...pairs(b)]);
}

/** Sorts and joins pairs that overlap or touch. */
export function mergePairs(unsorted: readonly (readonly [number, number])[]): Intervals {
  const merged: number[] = [];
  for (const [start, end] of [...unsorted].sort((a, b) => a[0] - b[0])) {
    const last = merged.length - 1;
    if (last > 0 && start <= merged[last]! + 1) merged[last] = Math.max(merged[last]!, end);
    else merged.push(start, end);
  }
  return merged;
}

/** The numbers of `a` that are not in `b`. */
export function subtractIntervals(a: Intervals, b: Intervals): Intervals {
  const left: number[] = [];
  let j = 0;
  for (let i = 0; i < a.length; i += 2) {
    let start = a[i]!;
    const end = a[i + 1]!;
    while (j < b.length && b[j + 1]! < start) j += 2;
    for (let k = j; k < b.length && b[k]! <= end && start <= end; k += 2) {
      if (b[k]! > start) left.push(start, b[k]! - 1);
      start = Math.max(start, b[k + 1]! + 1);
    }
    if (start <= end) left.push(start, end);
  }
  return left;
}

/** How many numbers there are. */
export function countNumbers(intervals: Intervals): number {
  let count = 0;
  for (let i = 0; i < intervals.length; i += 2) count += intervals[i + 1]! - intervals[i]! + 1;
  return count;
}

function* pairs(intervals: Intervals): Iterable<readonly [number, number]> {
  for (let i = 0; i < intervals.length; i += 2) yield [intervals[i]!, intervals[i + 1]!];
}
