/** True under `npm run test:long`. */
export const isLong = process.env.MYSQL2_CLUSTER_LONG === '1';

/** How many rounds, cases or seconds a test takes: `short` in `npm test`, `long` in `npm run test:long`. */
export function count(short: number, long: number): number {
  return isLong ? long : short;
}
