import { parseArgs } from 'node:util';
import { type ClusteredPool, createPool } from '../index.js';
import { type ExplainFlags, explanationOf, explanationText } from './explain.js';

const USAGE = `mysql2-cluster: what the package makes of a cluster and of a statement

  mysql2-cluster status --uri <uri> [--json]       the nodes, their roles and their lag
  mysql2-cluster explain "<sql>" [--uri <uri>] [--json] [--server-version <v>] [--sql-mode <modes>] [--flavor <f>]
                                                    where a statement goes, and why; nothing is run

A URI names one or more nodes: mysql://user:password@db-1:3306,db-2:3306/shop`;

interface Flags extends ExplainFlags {
  readonly uri?: string | undefined;
  readonly json?: boolean | undefined;
  readonly help?: boolean | undefined;
}

/**
 * Runs one command line.
 *
 * @returns the exit code: 0, or 2 for a command line that cannot be read, or 1 when the cluster cannot be reached
 */
export async function runCli(args: string[]): Promise<number> {
  let parsed: { values: Flags; positionals: string[] };
  try {
    parsed = parseArgs({ args, allowPositionals: true, options: OPTIONS });
  } catch (error) {
    return refuse((error as Error).message);
  }
  const { values, positionals } = parsed;
  const [command, ...rest] = positionals;
  if (values.help || command === undefined) return say(USAGE, values.help ? 0 : 2);
  if (command === 'status') return attempt(() => status(values));
  if (command === 'explain') return attempt(() => explain(rest, values));
  return refuse(`'${command}' is not a command`);
}

const OPTIONS = {
  uri: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  'server-version': { type: 'string' },
  'sql-mode': { type: 'string' },
  flavor: { type: 'string' },
} as const;

async function attempt(command: () => Promise<number>): Promise<number> {
  try {
    return await command();
  } catch (error) {
    console.error(`mysql2-cluster: ${(error as Error).message}`);
    return 1;
  }
}

async function status(flags: Flags): Promise<number> {
  if (flags.uri === undefined) return refuse('status needs --uri');
  return withCluster(flags.uri, async (pool) => {
    const snapshot = pool.cluster.status();
    if (flags.json) return say(JSON.stringify(snapshot, null, 2), 0);
    console.log(`primary: ${snapshot.primary ?? 'none'} (${snapshot.because})`);
    for (const node of snapshot.nodes) {
      const lag = node.lag
        ? ` lag ${Math.round(node.lag.low)}..${node.lag.high === null ? '?' : Math.round(node.lag.high)} ms`
        : '';
      console.log(`${node.address}  ${node.role}  ${node.health}${lag}  ${node.version ?? ''}  ${node.because}`);
    }
    return snapshot.primary === undefined ? 1 : 0;
  });
}

async function explain([sql]: string[], flags: Flags): Promise<number> {
  if (sql === undefined) return refuse('explain needs a statement');
  const { flavor, uri } = flags;
  if (flavor !== undefined && flavor !== 'mysql' && flavor !== 'mariadb')
    return refuse("--flavor is 'mysql' or 'mariadb'");
  // A cluster tells by itself how its servers read a text.
  const explanation =
    uri === undefined
      ? explanationOf(sql, { ...flags, flavor })
      : await withCluster(uri, async (pool) => pool.cluster.explain(sql));
  return say(flags.json ? JSON.stringify(explanation, null, 2) : explanationText(explanation), 0);
}

async function withCluster<T>(uri: string, task: (pool: ClusteredPool) => Promise<T>): Promise<T> {
  const clustered = uri.includes('?') ? `${uri}&cluster=true` : `${uri}?cluster=true`;
  const pool = createPool(clustered);
  try {
    // Without a primary there is still something to tell.
    await pool.cluster.ready(5000).catch((error: Error) => {
      if (pool.cluster.status().nodes.length === 0) throw error;
    });
    return await task(pool);
  } finally {
    await pool.cluster.end();
  }
}

function say(text: string, code: number): number {
  console.log(text);
  return code;
}

function refuse(message: string): number {
  console.error(`mysql2-cluster: ${message}\n\n${USAGE}`);
  return 2;
}
