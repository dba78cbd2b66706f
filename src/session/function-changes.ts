import type { Classification } from '../sql/classification.js';

const KINDS: ReadonlySet<string> = new Set(['create', 'alter', 'drop']);

/**
 * Whether a statement that has ended may have changed what stored functions do. Too often does no harm. A stored procedure cannot
 * (`ER_SP_NO_RECURSIVE_CREATE`, `ER_SP_NO_DROP_SP`, and they cannot be prepared).
 */
export function changesFunctions(sql: string, { access, kind, statements }: Classification): boolean {
  if (access === 'read') return false;
  if (!KINDS.has(kind) && statements === 1 && access !== 'unknown') return false;
  return /\b(?:create|alter|drop)\b/i.test(sql) && /\b(?:function|package|database|schema)\b/i.test(sql);
}
