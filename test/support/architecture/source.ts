import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import ts from 'typescript';

/** One file as the rules see it. `path` begins with `src/` and has forward slashes. */
export interface SourceText {
  readonly path: string;
  readonly text: string;
}

/** One finding. `line` counts from 1. */
export interface Violation {
  readonly path: string;
  readonly line: number;
  readonly message: string;
}

/** A rule looks at all files at once, since some are about the whole. */
export type Rule = (files: readonly SourceText[]) => Violation[];

export interface Import {
  /** As written. */
  readonly specifier: string;
  /** The file it names, when it is one of ours: `src/…`. */
  readonly target: string | undefined;
  readonly isType: boolean;
  readonly isDynamic: boolean;
  readonly line: number;
}

/** Reads all TypeScript files under `src` of the project in `root`. */
export function readSources(root: string): SourceText[] {
  return readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'))
    .map((file) => posix.join('src', ...file.split(/[\\/]/)))
    .sort()
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
}

const parsed = new WeakMap<SourceText, ts.SourceFile>();

/** The syntax tree, with parents; parsed once a file. */
export function parse(file: SourceText): ts.SourceFile {
  const known = parsed.get(file);
  if (known !== undefined) return known;
  const tree = ts.createSourceFile(file.path, file.text, ts.ScriptTarget.ES2022, true);
  parsed.set(file, tree);
  return tree;
}

/** Calls `visit` for every node of the file. */
export function walk(file: SourceText, visit: (node: ts.Node) => void): void {
  const step = (node: ts.Node): void => {
    visit(node);
    ts.forEachChild(node, step);
  };
  step(parse(file));
}

export function lineOf(node: ts.Node): number {
  const tree = node.getSourceFile();
  return tree.getLineAndCharacterOfPosition(node.getStart(tree)).line + 1;
}

/** Everything a file takes from elsewhere: import, export … from, import(), require() and types by `import('…')`. */
export function importsOf(file: SourceText): Import[] {
  const found: Import[] = [];
  walk(file, (node) => {
    const seen = readImport(node);
    if (seen === undefined) return;
    found.push({ ...seen, target: resolve(file.path, seen.specifier), line: lineOf(node) });
  });
  return found;
}

type Reading = Pick<Import, 'specifier' | 'isType' | 'isDynamic'>;

function readImport(node: ts.Node): Reading | undefined {
  if (ts.isImportDeclaration(node)) return reading(node.moduleSpecifier, node.importClause?.isTypeOnly === true);
  if (ts.isExportDeclaration(node)) return reading(node.moduleSpecifier, node.isTypeOnly);
  if (ts.isImportEqualsDeclaration(node) && ts.isExternalModuleReference(node.moduleReference)) {
    return reading(node.moduleReference.expression, node.isTypeOnly);
  }
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) return reading(node.argument.literal, true);
  return ts.isCallExpression(node) ? readCall(node) : undefined;
}

function readCall(node: ts.CallExpression): Reading | undefined {
  const isImport = node.expression.kind === ts.SyntaxKind.ImportKeyword;
  const isRequire = ts.isIdentifier(node.expression) && node.expression.text === 'require';
  return isImport || isRequire ? reading(node.arguments[0], false, isImport) : undefined;
}

function reading(specifier: ts.Node | undefined, isType: boolean, isDynamic = false): Reading | undefined {
  if (specifier === undefined || !ts.isStringLiteralLike(specifier)) return undefined;
  return { specifier: specifier.text, isType, isDynamic };
}

function resolve(from: string, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) return undefined;
  return posix.join(posix.dirname(from), specifier).replace(/\.js$/, '.ts');
}
