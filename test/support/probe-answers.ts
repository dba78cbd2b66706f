import type { ProbeAnswer } from '../../src/probes/probe.js';

/** A server's answer to a probe, as the cases in `test/spec/probes` spell it. */
export type SpelledAnswer =
  | { readonly variables: Readonly<Record<string, string>> }
  | { readonly rows: readonly Record<string, unknown>[] }
  | { readonly denied: number }
  | { readonly error: { readonly code: string; readonly errno: number; readonly message: string } };

/** The answer as a probe reads it. */
export function spell(answer: SpelledAnswer): ProbeAnswer {
  if ('denied' in answer) {
    return { error: { code: 'ER_SPECIFIC_ACCESS_DENIED_ERROR', errno: answer.denied, message: 'Access denied' } };
  }
  if (!('variables' in answer)) return answer;
  const rows = Object.entries(answer.variables).map(([name, value]) => ({ Variable_name: name, Value: value }));
  return { rows };
}
