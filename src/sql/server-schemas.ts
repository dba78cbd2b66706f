import { SERVER_SCHEMAS } from './keywords.js';

const NAMES = new Set(SERVER_SCHEMAS.split(' '));
const LENGTHS = new Set([...NAMES].map(({ length }) => length));

/** Whether the tables of this schema tell of one server: with it as the default, unqualified names are such tables. */
export function isServerSchema(schema: string): boolean {
  return LENGTHS.has(schema.length) && NAMES.has(schema.toLowerCase());
}
