import { readdir, readFile, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { classify } from '../src/sql/classify.js';

// The table between these lines of README.md is made from the code: `UPDATE=1 npm test -- readme` writes it.
const begin = '<!-- options:begin -->\n';
const end = '<!-- options:end -->';
const readme = new URL('../README.md', import.meta.url);

async function tableOfCode(): Promise<string> {
  const { optionTable } = await import('../src/option-table.js');
  const cell = (text: string): string => text.replaceAll('|', '\\|');
  const rows = optionTable.map(
    (option) => `| \`${option.name}\` | ${cell(option.default)} | ${cell(option.summary)} |\n`,
  );
  return `| option | default | meaning |\n| --- | --- | --- |\n${rows.join('')}`;
}

test("README's table of options is the code's", async () => {
  const table = await tableOfCode();
  const text = await readFile(readme, 'utf8');
  const [from, to] = [text.indexOf(begin) + begin.length, text.indexOf(end)];
  expect(text, `README.md needs the lines ${begin.trim()} and ${end} around its table of options`).toContain(begin);
  expect(to).toBeGreaterThanOrEqual(from);
  if (process.env.UPDATE === '1') await writeFile(readme, text.slice(0, from) + table + text.slice(to));
  else expect(text.slice(from, to)).toBe(table);
});

test('every option is there once', async () => {
  const { optionTable } = await import('../src/option-table.js');
  const names = optionTable.map(({ name }) => name);
  expect(names).toEqual([...new Set(names)]);
});

test('each statement of the table of routing is of the class that its row says', async () => {
  const text = await readFile(readme, 'utf8');
  const [, table] = text.split('<!-- routing:begin -->\n');
  const rows = (table ?? '').split('<!-- routing:end -->')[0]!.trim().split('\n').slice(2);
  expect(rows).toHaveLength(7);
  for (const row of rows) {
    const [, access, statements] = row.split('|').map((cell) => cell.trim());
    for (const [, sql] of (statements ?? '').matchAll(/`([^`]+)`/g)) {
      expect([sql, `\`${classify(sql ?? '').access}\``]).toEqual([sql, access]);
    }
  }
});

test('the set-up of each ORM is that of its example, which is run', async () => {
  const [, chapter] = (await readFile(readme, 'utf8')).split('\n## ORMs\n');
  const sections = (chapter ?? '').split('\n## ')[0]!.split('\n### ').slice(1);
  const examples = new URL('../examples/', import.meta.url);
  const shown: string[] = [];
  for (const section of sections) {
    const name = /\[Example\]\(examples\/([a-z-]+\.ts)\)/.exec(section)?.[1];
    if (name === undefined) continue;
    shown.push(name);
    const code = await readFile(new URL(name, examples), 'utf8');
    const block = /```ts\n([\s\S]*?)```/.exec(section)?.[1] ?? '';
    for (const part of block.split('\n\n')) expect(code).toContain(part.trim());
  }
  const files = (await readdir(examples)).filter((file) => file.endsWith('.ts'));
  expect([...shown, 'quick-start.ts', 'testing.ts'].sort()).toEqual(files.sort());
});
