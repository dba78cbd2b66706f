import { readdirSync, readFileSync } from 'node:fs';
import type { Routine } from '../../src/sql/routines/routine.js';

/** One stored function, and whether its body only reads. */
export interface RoutineCase {
  readonly body: string;
  readonly because: string;
  readonly reads: boolean;
  /** The functions that it calls. */
  readonly calls?: readonly string[];
  /** A piece of what the reader says. */
  readonly says?: string;
  readonly parameters?: string;
  readonly returns?: string;
  readonly characteristics?: string;
  readonly sqlMode?: string;
  readonly charset?: string;
  readonly dataAccess?: string;
  readonly schema?: string;
  readonly serverVersion?: string;
  readonly flavor?: 'mysql' | 'mariadb';
  /** No MySQL server takes it. */
  readonly refusedByMysql?: boolean;
}

const folder = new URL('../spec/routines/', import.meta.url);

/** The files of cases by name. */
export function filesOf(): readonly (readonly [string, readonly RoutineCase[]])[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .map((name) => [name, JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as readonly RoutineCase[]]);
}

/** As `SHOW CREATE FUNCTION` has it. */
export function definitionOf(example: RoutineCase, name = 'f'): string {
  const { parameters = '', returns = 'int', characteristics = '', body } = example;
  const head = `CREATE DEFINER=\`root\`@\`%\` FUNCTION \`${name}\`(${parameters}) RETURNS ${returns}`;
  return `${head}\n    DETERMINISTIC ${characteristics}\n${body}`;
}

export function routineOf(example: RoutineCase, definition: string): Routine {
  const { schema = 'shop', sqlMode = '', charset = 'utf8mb4', dataAccess = 'READS SQL DATA' } = example;
  return { schema, name: 'f', definition, sqlMode, charset, dataAccess };
}
