import ts from 'typescript';
import { doors, isIn, limits } from './house.js';
import { lineOf, type Rule, type SourceText, type Violation, walk } from './source.js';

/** No file over the limit of lines. */
export const fileLength: Rule = (files) =>
  files
    .map((file) => ({ path: file.path, lines: file.text.replace(/\n$/, '').split('\n').length }))
    .filter(({ lines }) => lines > limits.fileLines)
    .map(({ path, lines }) => ({ path, line: 1, message: `${lines} lines; at most ${limits.fileLines}` }));

/** No function over the limit of lines or parameters. */
export const functionSize: Rule = (files) =>
  files.flatMap((file) =>
    each(file, (node) => (ts.isFunctionLike(node) && 'body' in node && node.body ? sizeOf(node) : [])),
  );

function sizeOf(node: ts.SignatureDeclaration): string[] {
  const tree = node.getSourceFile();
  const last = tree.getLineAndCharacterOfPosition(node.getEnd()).line + 1;
  const lines = last - lineOf(node) + 1;
  const parameters = node.parameters.filter(({ name }) => name.getText() !== 'this').length;
  const name = node.name?.getText() ?? 'a function';
  return [
    ...(lines > limits.functionLines ? [`${name} has ${lines} lines; at most ${limits.functionLines}`] : []),
    ...(parameters > limits.parameters
      ? [`${name} has ${parameters} parameters; at most ${limits.parameters}, then an object`]
      : []),
  ];
}

/** No `any`, no enum, no default export but the doors'. */
export const language: Rule = (files) =>
  files.flatMap((file) =>
    each(file, (node) => {
      if (node.kind === ts.SyntaxKind.AnyKeyword) return ['any: say what it is, or unknown'];
      if (ts.isEnumDeclaration(node)) return ['enum: use a union of literals'];
      return isDefaultExport(node) && !isIn(file.path, doors) ? ['default export: only the doors have one'] : [];
    }),
  );

function isDefaultExport(node: ts.Node): boolean {
  if (node.kind === ts.SyntaxKind.DefaultKeyword) return !ts.isDefaultClause(node.parent);
  if (ts.isExportSpecifier(node)) return node.name.text === 'default';
  return ts.isExportAssignment(node) && !node.isExportEquals;
}

function each(file: SourceText, find: (node: ts.Node) => readonly string[]): Violation[] {
  const violations: Violation[] = [];
  walk(file, (node) => {
    for (const message of find(node)) violations.push({ path: file.path, line: lineOf(node), message });
  });
  return violations;
}
