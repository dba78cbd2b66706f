import type { LexicalOptions } from './classification.js';
import { dialectOf } from './dialect.js';
import { Token } from './token.js';
import { Tokenizer } from './tokenizer.js';

/** What comments of a text ask for. */
export interface CommentHint {
  readonly route: 'primary' | 'replica' | undefined;
  readonly maxLagMs: number | undefined;
  /** The hint as written. */
  readonly text: string;
}

const MARK = 'cluster:';
const HINTS = /\/\*\s*cluster:\s*(.*?)\s*\*\//gs;

/**
 * Reads hints such as `/* cluster:primary *\/`, `/* cluster:replica *\/` and `/* cluster:max_lag_ms=50 *\/`: only from comments,
 * never from what stands in quotes. The last of a kind counts.
 *
 * @throws Error for a hint that is none of these
 */
export function commentHintOf(sql: string, options: LexicalOptions = {}): CommentHint | undefined {
  if (!sql.includes(MARK)) return undefined;
  const tokens = new Tokenizer(sql, dialectOf(options));
  let hint: CommentHint | undefined;
  let from = 0;
  for (;;) {
    tokens.next();
    const gap = sql.slice(from, tokens.start);
    if (gap.includes(MARK)) for (const [text, wish] of gap.matchAll(HINTS)) hint = withWish(hint, wish ?? '', text);
    if (tokens.kind <= Token.Bad) return hint;
    from = tokens.end;
  }
}

function withWish(hint: CommentHint | undefined, wish: string, text: string): CommentHint {
  const before = hint ?? { route: undefined, maxLagMs: undefined };
  if (wish === 'primary' || wish === 'replica') return { ...before, route: wish, text };
  const limit = /^max_lag_ms\s*=\s*(\d+)$/.exec(wish);
  if (limit) return { ...before, maxLagMs: Number(limit[1]), text };
  throw new Error(`${text} is no hint: cluster:primary, cluster:replica and cluster:max_lag_ms=<ms> are`);
}
