import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The names that modules export for types, by module; a module is a file of this checkout or a package. */
export function exportedTypes(modules: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const { options } = ts.parseJsonConfigFileContent(
    ts.readConfigFile(`${root}tsconfig.json`, ts.sys.readFile).config,
    ts.sys,
    root,
  );
  const files = modules.map((name) => resolved(name, options));
  const program = ts.createProgram({ rootNames: files, options: { ...options, noEmit: true } });
  return new Map(modules.map((name, index) => [name, typesOf(program, files[index] as string)]));
}

function resolved(name: string, options: ts.CompilerOptions): string {
  const host = { ...ts.sys, ...ts.createCompilerHost(options) };
  const { resolvedModule } = ts.resolveModuleName(name, `${root}test/x.ts`, options, host);
  if (!resolvedModule) throw new Error(`no types of ${name}`);
  return resolvedModule.resolvedFileName;
}

function typesOf(program: ts.Program, file: string): readonly string[] {
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(file);
  const module = source && checker.getSymbolAtLocation(source);
  if (!module) throw new Error(`${file} is no module`);
  const isType = (symbol: ts.Symbol): boolean => {
    const named = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
    return (named.flags & ts.SymbolFlags.Type) !== 0;
  };
  return checker
    .getExportsOfModule(module)
    .filter(isType)
    .map(({ name }) => name);
}
