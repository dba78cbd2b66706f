import { readFile, writeFile } from 'node:fs/promises';

/** Door (its file in dist/) → the names it exports as values, sorted. */
export type Exports = Readonly<Record<'index' | 'promise' | 'testing', readonly string[]>>;

const file = new URL('../spec/exports.json', import.meta.url);

/** The committed list. */
export async function readExports(): Promise<Exports> {
  return JSON.parse(await readFile(file, 'utf8')) as Exports;
}

/** Commits to a new list: `UPDATE=1 npm test -- exports`. */
export async function writeExports(exports: Exports): Promise<void> {
  await writeFile(file, `${JSON.stringify(exports, undefined, 2)}\n`);
}
