import { readdirSync, readFileSync } from 'node:fs';
import type { LexicalOptions } from '../../../src/sql/classification.js';
import { classify } from '../../../src/sql/classify.js';

/** A case of `test/spec/classify` that a real server can be asked about. */
export interface OracleCase {
  readonly row: number;
  readonly sql: string;
  readonly access: string;
  readonly options?: Omit<LexicalOptions, 'readOnlyFunctions'> & { readonly readOnlyFunctions?: readonly string[] };
}

const folder = new URL('../../spec/classify/', import.meta.url);

/** Every case of the spec. */
export function allCases(): readonly OracleCase[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .flatMap((name) => JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as readonly OracleCase[]);
}

/** The cases that hold for this server: those that name no server, or its flavor and series. */
export function casesFor(server: LexicalOptions): readonly OracleCase[] {
  const series = seriesOf(server.serverVersion);
  return allCases().filter(({ options }) => {
    if (options?.readOnlyFunctions !== undefined) return false;
    if (options?.flavor !== undefined && options.flavor !== server.flavor) return false;
    return options?.serverVersion === undefined || seriesOf(options.serverVersion) === series;
  });
}

/** The series within which a server reads alike: MySQL's `9`, MariaDB's `10.11`. */
function seriesOf(version: string | undefined): string | undefined {
  return /^(?:5\.5\.5-)?(1\d\.\d+|\d+)/.exec(version ?? '')?.[1];
}

/** What `classify` says with this server known, and without: what either calls a read must be one. */
export function accessesOf(example: Pick<OracleCase, 'sql' | 'options'>, server: LexicalOptions): readonly string[] {
  const { sqlMode, charset } = example.options ?? {};
  const session = { ...(sqlMode === undefined ? {} : { sqlMode }), ...(charset === undefined ? {} : { charset }) };
  return [classify(example.sql, session).access, classify(example.sql, { ...server, ...session }).access];
}

/** Whether `classify` calls it a read under this `sql_mode`, with the server known or without. */
export function isCalledRead(sql: string, sqlMode: string, server: LexicalOptions): boolean {
  return accessesOf({ sql, options: { sqlMode } }, server).includes('read');
}

// Their harm is known, and none of them is called a read: they stop the server, its replication or other connections, or change
// it for the cases that follow.
const HARMFUL =
  /\b(shutdown|restart|reset|purge|clone|flush|kill|install|uninstall|binlog '|cache index|load index|import table)\b|alter\s+instance|\b(start|stop|change)\s+(replica|slave|group|master|replication)|\b(global|persist|persist_only)\b[ .](?!transaction|status|variables)/i;

/** Whether running the case would spoil the server for the others. */
export function isHarmful({ sql, access }: OracleCase): boolean {
  return access !== 'read' && HARMFUL.test(sql);
}
