import { FOLD } from './characters.js';
import { FUNCTION_GROUPS, SPACE_SENSITIVE } from './functions.js';
import { BEFORE_PARENTHESIS, SEQUENCE_COLUMNS, SERVER_SCHEMAS, W, WATCHED } from './keywords.js';
import { SPECIAL_NAMES } from './special-functions.js';

/**
 * A word's facts are packed in one number, 0 for a word that means nothing to us. Bits 0 to 8: its number in `W`; 9 to 13: its
 * function group plus one; 14 to 18: its special function plus one; then flags.
 */
export const KEYWORD_MASK = 0x1ff;
const GROUP_SHIFT = 9;
const SPECIAL_SHIFT = 14;
const FIVE_BITS = 0x1f;
/** May stand before a parenthesis without being called. */
export const BEFORE_PARENTHESIS_BIT = 1 << 19;
/** Is an ordinary name when white space stands before the parenthesis. */
export const SPACE_SENSITIVE_BIT = 1 << 20;
/** The scan of expressions must look at it. */
export const WATCHED_BIT = 1 << 21;
/** Names a schema whose tables tell of one server. */
export const SCHEMA_BIT = 1 << 22;
/** Moves or asks a sequence when it follows a dot. */
export const SEQUENCE_BIT = 1 << 23;

/** The index in `FUNCTION_GROUPS`, -1 for a word that is no plain built-in function. */
export function functionGroupIn(word: number): number {
  return ((word >> GROUP_SHIFT) & FIVE_BITS) - 1;
}

/** The index in `SPECIAL_FUNCTIONS`, -1 for a word that is none. */
export function specialFunctionIn(word: number): number {
  return ((word >> SPECIAL_SHIFT) & FIVE_BITS) - 1;
}

const SIZE = 4096;
const LONGEST = 40;
const facts = collectFacts();
const hashes = new Int32Array(SIZE);
const infos = new Int32Array(SIZE);
const offsets = new Int32Array(SIZE);
const lengths = new Uint8Array(SIZE);
const letters = fillTable();

/** One step of the hash that `lookUp` wants: begin with 0, give it the folded letters one by one. */
export function hashStep(hash: number, letter: number): number {
  return (Math.imul(hash, 31) + letter) | 0;
}

/** A piece of a text. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** The facts of the word in the range, whose hash was made on the way. Every letter is compared: no hash is trusted. */
export function lookUp(sql: string, range: Range, hash: number): number {
  const { start, end } = range;
  let slot = (hash ^ (hash >>> 12)) & (SIZE - 1);
  while (infos[slot] !== 0) {
    if (hashes[slot] === hash && lengths[slot] === end - start && isAt(slot, sql, start)) return infos[slot]!;
    slot = (slot + 1) & (SIZE - 1);
  }
  return 0;
}

/** The facts of any piece of text, in any case: for the inside of quoted identifiers. */
export function factsOf(sql: string, start: number, end: number): number {
  if (end - start > LONGEST) return 0;
  let hash = 0;
  for (let index = start; index < end; index++) {
    const code = sql.charCodeAt(index);
    hash = hashStep(hash, code < 128 ? FOLD[code]! : code);
  }
  return lookUp(sql, { start, end }, hash);
}

function isAt(slot: number, sql: string, start: number): boolean {
  const length = lengths[slot]!;
  const offset = offsets[slot]!;
  for (let index = 0; index < length; index++) {
    const code = sql.charCodeAt(start + index);
    if (code > 127 || FOLD[code] !== letters[offset + index]) return false;
  }
  return true;
}

function collectFacts(): Map<string, number> {
  const found = new Map<string, number>();
  const add = (name: string, bits: number): void => void found.set(name, (found.get(name) ?? 0) | bits);
  const addAll = (names: string, bits: number): void => {
    for (const name of names.split(/\s+/)) if (name !== '') add(name, bits);
  };
  for (const [name, number] of Object.entries(W)) add(name.toLowerCase(), number);
  addAll(BEFORE_PARENTHESIS, BEFORE_PARENTHESIS_BIT);
  addAll(WATCHED, WATCHED_BIT);
  addAll(SERVER_SCHEMAS, SCHEMA_BIT);
  addAll(SEQUENCE_COLUMNS, SEQUENCE_BIT);
  addAll(SPACE_SENSITIVE, SPACE_SENSITIVE_BIT);
  for (const [index, group] of FUNCTION_GROUPS.entries()) addAll(group.names, (index + 1) << GROUP_SHIFT);
  for (const [name, index] of SPECIAL_NAMES) add(name, (index + 1) << SPECIAL_SHIFT);
  return found;
}

function fillTable(): Uint8Array {
  const all: number[] = [];
  for (const [name, bits] of facts) {
    let hash = 0;
    for (let index = 0; index < name.length; index++) hash = hashStep(hash, name.charCodeAt(index));
    let slot = (hash ^ (hash >>> 12)) & (SIZE - 1);
    while (infos[slot] !== 0) slot = (slot + 1) & (SIZE - 1);
    hashes[slot] = hash;
    infos[slot] = bits;
    lengths[slot] = name.length;
    offsets[slot] = all.length;
    for (let index = 0; index < name.length; index++) all.push(name.charCodeAt(index));
  }
  return Uint8Array.from(all);
}
