import ts from 'typescript';
import { doors, isIn, packages, pureBuiltins, purePaths, rankOf, reExporters, whyNot } from './house.js';
import { type Import, importsOf, parse, type Rule, type SourceText, type Violation } from './source.js';

/** A file imports lower ranks, or its own folder; types count. */
export const ranks: Rule = (files) =>
  files.flatMap((file) =>
    importsOf(file).flatMap(({ target, line, specifier }) => {
      const reason = target === undefined ? undefined : whyNot(file.path, target);
      return reason === undefined ? [] : [{ path: file.path, line, message: `imports ${specifier}: ${reason}` }];
    }),
  );

/** No file reaches itself through its imports; types count. */
export const cycles: Rule = (files) => {
  const graph = new Map(files.map((file) => [file.path, importsOf(file).flatMap(({ target }) => target ?? [])]));
  const violations: Violation[] = [];
  const done = new Set<string>();
  const visit = (path: string, way: readonly string[]): void => {
    const start = way.indexOf(path);
    if (start >= 0) {
      violations.push({ path, line: 1, message: `import cycle: ${[...way.slice(start), path].join(' -> ')}` });
      return;
    }
    if (done.has(path)) return;
    for (const next of graph.get(path) ?? []) {
      // A door is its own default export.
      if (next !== path || !doors.includes(path)) visit(next, [...way, path]);
    }
    done.add(path);
  };
  for (const path of graph.keys()) visit(path, []);
  return violations;
};

/** No file that only passes on what others export, except the doors. */
export const barrels: Rule = (files) =>
  files
    .filter((file) => !isIn(file.path, reExporters) && onlyReExports(parse(file)))
    .map(({ path }) => ({ path, line: 1, message: 'only re-exports: import the things from where they are' }));

function onlyReExports(tree: ts.SourceFile): boolean {
  const isPassedOn = (statement: ts.Statement): boolean => ts.isExportDeclaration(statement);
  const others = tree.statements.filter((statement) => !ts.isImportDeclaration(statement));
  return others.length > 0 && others.every(isPassedOn);
}

/** Packages are imported where the house says, and no others are. */
export const dependencies: Rule = (files) =>
  files.flatMap((file) =>
    importsOf(file).flatMap((found) => {
      const reason = found.target === undefined ? whyNotPackage(file, found) : undefined;
      return reason === undefined ? [] : [{ path: file.path, line: found.line, message: reason }];
    }),
  );

function whyNotPackage({ path }: SourceText, { specifier, isType }: Import): string | undefined {
  if (specifier.startsWith('node:')) return undefined;
  const name = specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
  const rule = packages[name];
  if (rule === undefined)
    return `imports ${specifier}, which is no dependency of the package (Node's own begin with node:)`;
  if (isIn(path, rule.paths)) return undefined;
  if (!isType) return `imports a value of ${name}, which only ${rule.paths.join(', ')} may`;
  if ((rankOf(path) ?? 0) >= rule.typesFrom) return undefined;
  return `imports a type of ${name}, which only ${rule.paths.join(', ')}${rule.typesFrom < 7 ? ` and ranks from ${rule.typesFrom} on` : ''} may`;
}

/** Pure files use none of Node's modules but a few, and load nothing later. */
export const pureImports: Rule = (files) =>
  files
    .filter((file) => isIn(file.path, purePaths))
    .flatMap((file) =>
      importsOf(file).flatMap(({ specifier, isDynamic, line }) => {
        const isImpure = isDynamic || (specifier.startsWith('node:') && !pureBuiltins.includes(specifier));
        return isImpure
          ? [{ path: file.path, line, message: `pure, but imports ${isDynamic ? 'later: ' : ''}${specifier}` }]
          : [];
      }),
    );
