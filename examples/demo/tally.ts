/** What the application does: a plain read, a write with autocommit, a transaction. */
export const KINDS = ['read', 'write', 'transaction'] as const;
export type Kind = (typeof KINDS)[number];

const RECENT_MS = 5_000;

/** When the things of one kind succeeded, and how long each took. Times by `performance.now()`. */
export interface Successes {
  readonly ends: number[];
  readonly durations: number[];
}

/** What the application saw of its own statements. */
export class Tally {
  readonly successes: Readonly<Record<Kind, Successes>> = { read: none(), write: none(), transaction: none() };
  readonly failures: Record<Kind, number> = { read: 0, write: 0, transaction: 0 };
  /** How often each error reached the application: `write WRITE_OUTCOME_UNKNOWN` → 3. */
  readonly errors = new Map<string, number>();
  /** Committed transactions by the address of the node they ran on. */
  readonly transactions = new Map<string, number>();
  /** Transactions that the application ran again, since they were known not to be committed. */
  rerun = 0;
  /** Reads of a write just acknowledged that did not find it. */
  unseen = 0;
  readonly #answers = new Map<string, Successes>();

  succeeded(kind: Kind, since: number): void {
    record(this.successes[kind], since);
  }

  failed(kind: Kind, error: unknown): void {
    this.failures[kind]++;
    this.saw(kind, error);
  }

  /** Counts an error, also one after which the application went on. */
  saw(kind: Kind, error: unknown): void {
    const { code, message } = error as { code?: string; message?: string };
    add(this.errors, `${kind} ${code ?? message ?? String(error)}`);
  }

  committedOn(address: string): void {
    add(this.transactions, address);
  }

  /** A statement was answered by a node that the application knows. */
  answered(address: string, since: number): void {
    const answers = this.#answers.get(address) ?? none();
    this.#answers.set(address, answers);
    record(answers, since);
  }

  /** The 99th percentile of a node's answers in the last five seconds, in ms. */
  recentP99(address: string): number | undefined {
    const { ends, durations } = this.#answers.get(address) ?? none();
    const since = performance.now() - RECENT_MS;
    let first = ends.length;
    while (first > 0 && (ends[first - 1] ?? 0) >= since) first--;
    return percentile(durations.slice(first), 99);
  }

  /** When writes, transactions among them, were acknowledged, in order. */
  writeEnds(): number[] {
    return [...this.successes.write.ends, ...this.successes.transaction.ends].sort((one, other) => one - other);
  }
}

/** The value below or at which so many percent of the values are; undefined without values. */
export function percentile(values: readonly number[], percent: number): number | undefined {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.max(0, Math.ceil((sorted.length * percent) / 100) - 1)];
}

/** The longest time between two of the given times, which are in order. */
export function worstGap(ends: readonly number[]): number {
  return ends.reduce((worst, end, index) => Math.max(worst, end - (ends[index - 1] ?? end)), 0);
}

function record({ ends, durations }: Successes, since: number): void {
  const now = performance.now();
  ends.push(now);
  durations.push(now - since);
}

function add(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function none(): Successes {
  return { ends: [], durations: [] };
}
