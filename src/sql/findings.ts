import type { Access, Classification, Dependency, Effect } from './classification.js';

/**
 * How strong a finding is: the strongest decides. `ServerRead` (a read that tells of one server) and `Unsure` (a function that may
 * do anything) are weaker than what is known to lock or write.
 */
export const Rank = {
  Read: 0,
  Session: 1,
  Transaction: 2,
  ServerRead: 3,
  Unsure: 4,
  LockingRead: 5,
  Write: 6,
  Admin: 7,
  Unknown: 8,
} as const;

const ACCESS: readonly Access[] = [
  'read',
  'session',
  'transaction',
  'admin',
  'unknown',
  'locking-read',
  'write',
  'admin',
  'unknown',
];

const NO_EFFECTS: readonly Effect[] = Object.freeze([]);
const NO_DEPENDENCIES: readonly Dependency[] = Object.freeze([]);
const NO_FUNCTIONS: readonly string[] = Object.freeze([]);

export const PLAIN_READ = 'reads only, with functions that are known to be pure';

function plain(kind: string, access: Access, because: string): Classification {
  return Object.freeze({
    kind,
    access,
    statements: 1,
    effects: NO_EFFECTS,
    dependsOn: NO_DEPENDENCIES,
    functions: NO_FUNCTIONS,
    because,
  });
}

/** The commonest answers, made once. */
const PLAIN: Readonly<Record<string, Classification>> = {
  select: plain('select', 'read', PLAIN_READ),
  insert: plain('insert', 'write', 'INSERT'),
  update: plain('update', 'write', 'UPDATE'),
  delete: plain('delete', 'write', 'DELETE'),
  replace: plain('replace', 'write', 'REPLACE'),
};

/** Collects what the statements of one text do, and makes the answer. */
export class Findings {
  readonly #tokens: { readonly start: number };
  #at: number | undefined;
  #currentAt: number | undefined;
  #kind = 'empty';
  #rank: number = Rank.Read;
  #because = '';
  #statements = 0;
  #currentKind = 'empty';
  #currentRank: number = Rank.Read;
  #currentBecause = '';
  #effects: Effect[] | undefined;
  #dependsOn: Dependency[] | undefined;
  #functions: string[] | undefined;

  /** @param tokens where the reader is */
  constructor(tokens: { readonly start: number }) {
    this.#tokens = tokens;
  }

  /** A statement begins, of this kind, of no rank as yet. */
  begin(kind: string): void {
    this.#currentKind = kind;
    this.#currentRank = Rank.Read;
    this.#currentBecause = '';
    this.#currentAt = undefined;
    this.#statements++;
  }

  /** The statement's verb came later than its first word: `WITH … UPDATE`. */
  rename(kind: string): void {
    this.#currentKind = kind;
  }

  /** The statement ended: the strongest one speaks for all. */
  endStatement(): void {
    if (this.#statements > 1 && this.#currentRank <= this.#rank) return;
    this.#kind = this.#currentKind;
    this.#rank = this.#currentRank;
    this.#because = this.#currentBecause;
    this.#at = this.#currentAt;
  }

  /** Something was found that is at least of this rank. */
  raise(rank: number, because: string): void {
    if (rank <= this.#currentRank) return;
    this.#currentRank = rank;
    this.#currentBecause = because;
    this.#currentAt = this.#tokens.start;
  }

  /** Where the token stands that decided; undefined for a plain read. */
  get decidedAt(): number | undefined {
    return this.#at;
  }

  /** The rank of the statement so far. */
  get rank(): number {
    return this.#currentRank;
  }

  addEffect(effect: Effect): void {
    this.#effects ??= [];
    this.#effects.push(Object.freeze(effect));
  }

  addDependency(dependency: Dependency): void {
    this.#dependsOn ??= [];
    if (!this.#dependsOn.includes(dependency)) this.#dependsOn.push(dependency);
  }

  addFunction(name: string): void {
    this.#functions ??= [];
    if (!this.#functions.includes(name)) this.#functions.push(name);
  }

  /** The answer. Shared when it is one of the commonest. */
  classification(): Classification {
    const access = ACCESS[this.#rank] ?? 'unknown';
    const because = this.#statements === 0 ? 'no statement' : this.#because || PLAIN_READ;
    const shared = this.#isBare() ? PLAIN[this.#kind] : undefined;
    if (shared?.access === access && shared.because === because) return shared;
    return Object.freeze({
      kind: this.#kind,
      access: this.#statements === 0 && access === 'read' ? 'unknown' : access,
      statements: this.#statements,
      effects: this.#effects === undefined ? NO_EFFECTS : Object.freeze(this.#effects),
      dependsOn: this.#dependsOn === undefined ? NO_DEPENDENCIES : Object.freeze(this.#dependsOn),
      functions: this.#functions === undefined ? NO_FUNCTIONS : Object.freeze(this.#functions),
      because,
    });
  }

  #isBare(): boolean {
    if (this.#statements !== 1) return false;
    return this.#effects === undefined && this.#dependsOn === undefined && this.#functions === undefined;
  }
}
