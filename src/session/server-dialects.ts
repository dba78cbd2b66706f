import type { LexicalOptions } from '../sql/classification.js';
import type { LiveReport } from '../topology/node-report.js';
import type { Topology } from '../topology/topology.js';

/** The modes that change how a text is read; while a server's are not known, each of their combinations. */
const LEXICAL_MODES = /^(ANSI_QUOTES|NO_BACKSLASH_ESCAPES|IGNORE_SPACE|ORACLE)$/i;
const ANY_MODE: readonly string[] = ['', 'ANSI_QUOTES', 'NO_BACKSLASH_ESCAPES', 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES'];

/**
 * How the servers of this topology read a text: one dialect when they are alike, several when a text may come to servers
 * that read it differently.
 */
export function serverDialects(topology: Topology, own: LexicalOptions): readonly LexicalOptions[] {
  const reports = [...topology.nodes.values()].flatMap(({ lastReport }) => lastReport ?? []);
  const servers = new Set(reports.map(({ version }) => version));
  const [serverVersion] = servers;
  const server = servers.size === 1 && serverVersion !== undefined ? { serverVersion, flavor: reports[0]!.flavor } : {};
  const unknown = reports.length === 0 || reports.some(({ sqlMode }) => sqlMode === undefined);
  const modes = unknown ? ANY_MODE : new Set(reports.map(lexicalModes));
  return [...modes].map((sqlMode) => Object.freeze({ ...own, ...server, sqlMode }));
}

/** Whether two reports of a server allow the same dialect. */
export function isSameServer(a: LiveReport, b: LiveReport): boolean {
  return a.sqlMode === b.sqlMode && a.version === b.version;
}

function lexicalModes({ sqlMode = '' }: LiveReport): string {
  const modes = sqlMode.split(',').filter((mode) => LEXICAL_MODES.test(mode));
  return modes.sort().join(',');
}
