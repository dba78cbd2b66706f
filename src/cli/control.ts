import { hostname } from 'node:os';
import type { RowDataPacket } from 'mysql2/promise';
import type { ClusteredPool, NodeStatus } from '../index.js';
import { withCluster } from './with-cluster.js';

/** Flags of `control`. */
export interface ControlFlags {
  readonly uri?: string | undefined;
  readonly json?: boolean | undefined;
  readonly table?: string | undefined;
  readonly for?: string | undefined;
  readonly reason?: string | undefined;
  readonly hard?: boolean | undefined;
}

/** What to print, or what is wrong with the command line. */
export type ControlOutcome = { readonly text: string } | { readonly refused: string };

const TABLE = 'mysql2_cluster.nodes';
const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** Runs `control init`, `drain`, `resume` or `list`: all they do is in SQL, on the primary. */
export async function control(words: readonly string[], flags: ControlFlags): Promise<ControlOutcome> {
  const [act, node] = words;
  const seconds = flags.for === undefined ? undefined : secondsOf(flags.for);
  const table = tableOf(flags.table ?? TABLE);
  if (!isAct(act)) return { refused: "control is followed by 'init', 'drain', 'resume' or 'list'" };
  if ((act === 'drain' || act === 'resume') && node === undefined) return { refused: `control ${act} needs a node` };
  if (flags.uri === undefined) return { refused: 'control needs --uri' };
  if (table === undefined) return { refused: `--table must be a schema and a table, as in ${TABLE}` };
  if (seconds === null) return { refused: '--for must be a time such as 90s, 10m, 2h or 1d' };
  const { uri } = flags;
  return withCluster(uri, async (pool) => {
    const task = { table, seconds, flags };
    if (act === 'init') return { text: await init(pool, task) };
    if (act === 'list') return { text: await list(pool, task) };
    return { text: await set(pool, { ...task, node: node ?? '', online: act === 'resume' }) };
  });
}

type Act = 'init' | 'drain' | 'resume' | 'list';

function isAct(word: string | undefined): word is Act {
  return word === 'init' || word === 'drain' || word === 'resume' || word === 'list';
}

interface Table {
  readonly schema: string;
  /** Quoted, with its schema. */
  readonly quoted: string;
  readonly name: string;
}

interface Task {
  readonly table: Table;
  readonly seconds: number | undefined;
  readonly flags: ControlFlags;
}

function tableOf(name: string): Table | undefined {
  const [, schema, table] = /^([^.`\s]+)\.([^.`\s]+)$/.exec(name) ?? [];
  return schema === undefined ? undefined : { schema, quoted: `\`${schema}\`.\`${table}\``, name };
}

/** Null for what is no time. */
function secondsOf(text: string): number | null {
  const [, count, unit = ''] = /^(\d+)([smhd])$/.exec(text) ?? [];
  return count === undefined ? null : Number(count) * (SECONDS[unit] ?? 1);
}

async function init(pool: ClusteredPool, { table }: Task): Promise<string> {
  await run(pool, `CREATE DATABASE IF NOT EXISTS \`${table.schema}\``);
  await run(
    pool,
    `CREATE TABLE IF NOT EXISTS ${table.quoted} (
      node VARCHAR(255) NOT NULL PRIMARY KEY COMMENT 'host:port, or the id in the status',
      status ENUM('ONLINE', 'OFFLINE_SOFT', 'OFFLINE_HARD') NOT NULL DEFAULT 'ONLINE',
      weight DECIMAL(8, 3) UNSIGNED NULL COMMENT 'share of the reads; NULL: as the options say',
      zone VARCHAR(64) NULL,
      max_connections INT UNSIGNED NULL COMMENT 'of each pool, when that is less than pool.max',
      \`until\` TIMESTAMP NULL DEFAULT NULL COMMENT 'the row counts no longer after it',
      owner VARCHAR(255) NULL,
      reason VARCHAR(255) NULL
    )`,
  );
  const { nodes } = pool.cluster.status();
  for (const { address } of nodes) await run(pool, `INSERT IGNORE INTO ${table.quoted} (node) VALUES (?)`, [address]);
  const grant = `GRANT SELECT ON ${table.quoted} TO <the account of the probes>`;
  const use = `cluster: { control: { table: '${table.name}' } }`;
  return `${table.name} has a row for each of ${nodes.length} nodes\n\n  ${grant};\n  ${use}`;
}

async function set(pool: ClusteredPool, task: Task & { node: string; online: boolean }): Promise<string> {
  const { table, online, seconds, flags } = task;
  const name = await rowName(pool, table, task.node);
  const status = online ? 'ONLINE' : flags.hard ? 'OFFLINE_HARD' : 'OFFLINE_SOFT';
  const until = online || seconds === undefined ? 'NULL' : `NOW() + INTERVAL ${seconds} SECOND`;
  const values = [status, `${process.env.USER ?? 'somebody'}@${hostname()}`, flags.reason ?? null];
  const changes = `status = ?, owner = ?, reason = ?, \`until\` = ${until}`;
  await run(pool, `INSERT INTO ${table.quoted} SET node = ?, ${changes} ON DUPLICATE KEY UPDATE ${changes}`, [
    name,
    ...values,
    ...values,
  ]);
  return `${name} is ${status}${flags.for === undefined || online ? '' : ` for ${flags.for}`}`;
}

/** The name that the node has in the table, else its address. */
async function rowName(pool: ClusteredPool, table: Table, asked: string): Promise<string> {
  const { nodes } = pool.cluster.status();
  const isAsked = ({ id, addresses }: NodeStatus): boolean => id === asked || addresses.includes(asked);
  const node = nodes.find(isAsked);
  if (node === undefined) {
    throw new Error(`no node is known as '${asked}'; known: ${nodes.map(({ address }) => address).join(', ')}`);
  }
  const names = [node.id, ...node.addresses];
  const [row] = await run(pool, `SELECT node FROM ${table.quoted} WHERE node IN (?)`, [names]);
  return row === undefined ? node.address : String(row.node);
}

async function list(pool: ClusteredPool, { table, flags }: Task): Promise<string> {
  const left = 'TIMESTAMPDIFF(SECOND, NOW(), `until`) AS seconds_left';
  const columns = 'node, status, weight, zone, max_connections, owner, reason';
  const rows = await run(pool, `SELECT ${columns}, ${left} FROM ${table.quoted} ORDER BY node`);
  if (flags.json) return JSON.stringify(rows, null, 2);
  return rows.map(line).join('\n') || `${table.name} is empty`;
}

function line({ node, status, seconds_left: left, ...rest }: RowDataPacket): string {
  const told = Object.entries(rest).filter(([, value]) => value !== null);
  const ends = left === null ? [] : [Number(left) > 0 ? `for another ${left} s` : 'has ended'];
  return [node, status, ...told.map(([name, value]) => `${name} ${value}`), ...ends].join('  ');
}

async function run(pool: ClusteredPool, sql: string, values: unknown[] = []): Promise<RowDataPacket[]> {
  const options = { sql, values, cluster: { route: 'primary' as const } };
  const [rows] = await pool.promise().query<RowDataPacket[]>(options);
  return rows;
}
