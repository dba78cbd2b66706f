import { parseArgs } from 'node:util';
import { type ControlFlags, control } from './control.js';
import { type ExplainFlags, explanationOf, explanationText } from './explain.js';
import { withCluster } from './with-cluster.js';

const USAGE = `mysql2-cluster: what the package makes of a cluster and of a statement

  mysql2-cluster status --uri <uri> [--json]       the nodes, their roles and their lag
  mysql2-cluster explain "<sql>" [--uri <uri>] [--json] [--server-version <v>] [--sql-mode <modes>] [--flavor <f>]
                                                    where a statement goes, and why; nothing is run
  mysql2-cluster control init --uri <uri> [--table <schema.table>]
                                                    makes the table by which nodes are drained in all processes
  mysql2-cluster control drain <node> --uri <uri> [--for 10m] [--reason <text>] [--hard]
  mysql2-cluster control resume <node> --uri <uri>
  mysql2-cluster control list --uri <uri> [--json]  its rows

A URI names one or more nodes: mysql://user:password@db-1:3306,db-2:3306/shop`;

interface Flags extends ExplainFlags, ControlFlags {
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
  if (command === 'control') return attempt(async () => answer(await control(rest, values)));
  return refuse(`'${command}' is not a command`);
}

const OPTIONS = {
  uri: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  'server-version': { type: 'string' },
  'sql-mode': { type: 'string' },
  flavor: { type: 'string' },
  table: { type: 'string' },
  for: { type: 'string' },
  reason: { type: 'string' },
  hard: { type: 'boolean' },
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

function answer(outcome: { readonly text: string } | { readonly refused: string }): number {
  return 'refused' in outcome ? refuse(outcome.refused) : say(outcome.text, 0);
}

function say(text: string, code: number): number {
  console.log(text);
  return code;
}

function refuse(message: string): number {
  console.error(`mysql2-cluster: ${message}\n\n${USAGE}`);
  return 2;
}
