/** How many transactions a MySQL GTID set names: `uuid:1-3:7, uuid:tag:2` → 5. */
export function countGtids(set: string): number {
  const parts = set.split(/[:,]/).map((part) => part.trim());
  return parts.map(lengthOf).reduce((sum, length) => sum + length, 0);
}

/** Sum of the sequence numbers of a MariaDB GTID position: `0-1-12,1-2-3` → 15. It grows with every transaction. */
export function sumSequences(position: string): number {
  const parts = position.split(',').filter((part) => part.trim() !== '');
  return parts.map((part) => Number(part.split('-')[2])).reduce((sum, number) => sum + number, 0);
}

// Servers' UUIDs and tags are no intervals.
function lengthOf(part: string): number {
  const interval = /^(\d+)(?:-(\d+))?$/.exec(part);
  if (interval === null) return 0;
  const from = Number(interval[1]);
  return Number(interval[2] ?? from) - from + 1;
}
