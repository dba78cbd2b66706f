import { SPECIAL_NAMES } from '../special-functions.js';
import { specialFunctionIn } from '../words.js';

const FUNCTIONS = new Set(
  SPECIAL_NAMES.filter(([name]) => /^(next|set|last)val$/.test(name)).map(([, index]) => index),
);

/** Whether the word is NEXTVAL, SETVAL or LASTVAL: functions that are given a sequence, which is a table. */
export function isSequenceFunction(word: number): boolean {
  const special = specialFunctionIn(word);
  return special >= 0 && FUNCTIONS.has(special);
}
