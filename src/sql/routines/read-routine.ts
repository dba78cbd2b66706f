import type { LexicalOptions } from '../classification.js';
import { dialectOf } from '../dialect.js';
import { hasSwallowedLetters } from '../trail-bytes.js';
import { NotARead, type Routine, type RoutineReading } from './routine.js';
import { RoutineBody } from './routine-body.js';
import { RoutineExpressions } from './routine-expressions.js';
import { readHead } from './routine-head.js';
import { RoutineTokens } from './routine-tokens.js';

/** What the primary is, and the functions that somebody vouches for. */
export type RoutineOptions = Pick<LexicalOptions, 'serverVersion' | 'flavor' | 'readOnlyFunctions'>;

/** Longer definitions are not read: the work of reading one is never noticed. */
const LONGEST = 262_144;
/** Their functions tell of one server, and tables without a schema are the server's own there. */
const SERVER_SCHEMAS = new Set(['mysql', 'sys', 'performance_schema', 'information_schema']);

/**
 * Tells whether a stored function only reads, if all that it calls do: from its text, read in its own `sql_mode`. Never throws; what
 * is not understood does not only read.
 */
export function readRoutine(routine: Routine, options: RoutineOptions): RoutineReading {
  try {
    return { reads: true, calls: callsOf(routine, options) };
  } catch (error) {
    if (error instanceof NotARead) return { reads: false, because: error.message };
    throw error;
  }
}

function callsOf(routine: Routine, options: RoutineOptions): readonly string[] {
  const { definition, sqlMode, charset } = routine;
  if (definition === undefined) throw new NotARead('its body is not visible');
  if (definition.length > LONGEST) throw new NotARead('its body is too long');
  if (SERVER_SCHEMAS.has(routine.schema.toLowerCase())) throw new NotARead('belongs to the server');
  if (/modifies/i.test(routine.dataAccess)) throw new NotARead('MODIFIES SQL DATA');
  if (/\boracle\b/i.test(sqlMode)) throw new NotARead("written in Oracle's language");
  const lexical: LexicalOptions = { ...options, sqlMode, charset };
  const dialect = dialectOf(lexical);
  if (dialect.trailBytes && hasSwallowedLetters(definition)) throw new NotARead('letters of a doubtful character set');
  const tokens = new RoutineTokens(definition, dialect);
  const parameters = readHead(tokens, dialect.backslashEscapes);
  const expressions = new RoutineExpressions(tokens, lexical);
  new RoutineBody(tokens, expressions).read(parameters);
  // Without a schema it is a function of the routine's own (manual, "Stored Program Restrictions", implicit USE).
  const schema = routine.schema.toLowerCase();
  return [...expressions.calls].map((name) => (name.includes('.') ? name : `${schema}.${name}`));
}
