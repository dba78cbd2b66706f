import { NOTHING_REPLAYED, type ReplayedState } from '../cluster/replayed-state.js';
import { isReadOnlySwitch, isReplayed, isUnchanging } from '../cluster/session-variables.js';
import type { Classification, Effect } from '../sql/classification.js';
import { type AnswerHeader, AUTOCOMMIT, IN_TRANSACTION, type StateChanges } from './answer.js';
import { type NextTransaction, nextAfter } from './next-transaction.js';
import { COMMITTED, DOUBTFUL, PIN_OF, type PinReason, UNPIN_OF } from './pins.js';
import { isExplained, isQuietReport, mayKeepUntold, setsCollation } from './traces.js';

/** Which of a session's two leases. */
export type Slot = 'primary' | 'replica';

/**
 * The state of a logical connection: what must be replayed on a lease that lacks it, and what binds it to one lease.
 * Pure: the text's effects and the server's answers come in.
 */
export class SessionState {
  // A few at most: a list is cheaper than a set.
  readonly #pins: PinReason[] = [];
  #wanted: ReplayedState = NOTHING_REPLAYED;
  #holding: Map<PinReason, Set<string | undefined>> | undefined;
  #pinnedTo: Slot | undefined;
  #releasesAtEnd = false;
  #untold = false;
  /** The session's state is pinned only until the next report says whether it has changed. */
  #suspected = false;
  #next: NextTransaction | undefined;

  /** The lease that the session is bound to; undefined while any will do. */
  get pinnedTo(): Slot | undefined {
    return this.#pinnedTo;
  }

  get pins(): readonly PinReason[] {
    return [...this.#pins];
  }

  get inTransaction(): boolean {
    return this.#pins.includes('a transaction');
  }

  /**
   * The status bits with which what leaves no trace (see `leavesNoTrace`) changes nothing on the lease in `slot`: nothing binds
   * the session, or a transaction alone. Undefined when every answer must be taken in.
   */
  steadyStatus(slot: Slot): number | undefined {
    if (this.#next !== undefined || this.#untold) return undefined;
    if (this.#pins.length === 0) return AUTOCOMMIT;
    const transacts = this.#pins.length === 1 && this.#pins[0] === 'a transaction' && this.#pinnedTo === slot;
    return transacts ? IN_TRANSACTION | AUTOCOMMIT : undefined;
  }

  /** Whether each statement opens a transaction by itself. */
  get autocommit(): boolean {
    return !this.#pins.includes('autocommit=0');
  }

  /**
   * What SET TRANSACTION has just said, while nothing else binds the session and no other statement has come between: it can be
   * said again elsewhere.
   */
  get nextTransaction(): NextTransaction | undefined {
    return this.#pins.length === 1 && this.#pins[0] === 'the next transaction' ? this.#next : undefined;
  }

  /** The next transaction begins on the lease in `slot`, where all was said again. */
  moveTo(slot: Slot): void {
    this.#pinnedTo = slot;
  }

  /** What a lease must have been set to: an immutable value, the same object while nothing changes. */
  get wanted(): ReplayedState {
    return this.#wanted;
  }

  /** The session's `sql_mode` when a statement has changed it: it changes how texts are read. */
  get sqlMode(): string | undefined {
    return this.#wanted.variables.get('sql_mode');
  }

  /** Plain reads take locks at this isolation level. */
  get serializable(): boolean {
    const { variables } = this.#wanted;
    // MariaDB before 11.1 and MySQL 5.7 have the older name only.
    return (variables.get('transaction_isolation') ?? variables.get('tx_isolation')) === 'SERIALIZABLE';
  }

  /**
   * Whether functions of unknown effect may have set something on the primary, which rows do not tell: the next report from there
   * does, and until then only that lease is sure to be as the session has made it.
   */
  get untold(): boolean {
    return this.#untold;
  }

  /** Whether a statement failed that may have set something: the next report from where the session is bound to tells. */
  get suspected(): boolean {
    return this.#suspected;
  }

  /** Takes in that a statement succeeded on the lease in `slot`; `header` when its answer had one. */
  apply(classification: Classification, header: AnswerHeader | undefined, slot: Slot): void {
    this.#next = nextAfter(this.#next, this.#pins.includes('the next transaction'), classification);
    const { effects } = classification;
    for (let at = 0; at < effects.length; at++) this.#effect(effects[at] as Effect);
    // A temporary table may have another name now.
    if (this.#pins.includes('a temporary table') && RENAMING.has(classification.kind)) {
      this.#named('a temporary table').add(undefined);
    }
    this.#tell(classification, header, slot);
    if (header?.serverStatus !== undefined) this.#status(header.serverStatus);
    this.#pinnedTo = this.#pins.length === 0 ? undefined : (this.#pinnedTo ?? slot);
  }

  /** Whether the server closes the connection after this statement, which succeeded: `COMMIT RELEASE`, or `completion_type`. */
  closes({ effects }: Classification): boolean {
    for (const effect of effects) {
      const ends = effect.type === 'commit' || effect.type === 'rollback';
      if (ends && (effect.release || (this.#releasesAtEnd && !effect.noRelease))) return true;
    }
    return false;
  }

  /** An error may have ended the transaction, or come after its end. */
  doubt(by: 'rollback' | 'commit' = 'rollback'): void {
    if (by === 'rollback') {
      if (this.#unpin('a transaction')) this.#pin(DOUBTFUL);
    } else if (this.inTransaction && this.#pinnedTo === 'primary') this.#pin(COMMITTED);
  }

  /**
   * Something ran on the lease in `slot`, and failed, that may have changed what nobody told.
   *
   * @param toldLater whether the next report does
   */
  suspect(slot: Slot, toldLater = false): void {
    const isKnown = this.#pins.includes('session state') && !this.#suspected;
    this.#suspected = toldLater && !isKnown;
    this.#pin('session state');
    this.#pinnedTo ??= slot;
  }

  /** The session was given back: its variables and schema stay, what binds it does not. */
  release(): void {
    this.#pins.length = 0;
    this.#holding = undefined;
    this.#pinnedTo = undefined;
    this.#releasesAtEnd = false;
    this.#untold = false;
    this.#suspected = false;
  }

  #pin(reason: PinReason): void {
    if (!this.#pins.includes(reason)) this.#pins.push(reason);
  }

  // True when it was there.
  #unpin(reason: PinReason): boolean {
    const at = this.#pins.indexOf(reason);
    if (at >= 0) this.#pins.splice(at, 1);
    return at >= 0;
  }

  #status(status: number): void {
    if (this.#pins.length > 0) {
      this.#unpin(DOUBTFUL);
      this.#unpin(COMMITTED);
    }
    if (status & IN_TRANSACTION) this.#pin('a transaction');
    else this.#unpin('a transaction');
    if (status & AUTOCOMMIT) this.#unpin('autocommit=0');
    else this.#pin('autocommit=0');
  }

  // Only what the text tells and the server does not, or not in time, is read from the text.
  #effect(effect: Effect): void {
    const reason = PIN_OF[effect.type];
    if (reason !== undefined) this.#pin(reason);
    const ended = UNPIN_OF[effect.type];
    if (ended !== undefined) this.#unpin(ended);
    if (effect.type === 'set-variable') this.#variable(effect);
    else if (effect.type === 'set-names') this.#names(effect.collation);
    else if (effect.type === 'xa') this.#xa(effect.verb);
    else if (effect.type === 'create-temporary-table')
      this.#named('a temporary table').add(this.#inSchema(effect.name));
    else if (effect.type === 'drop-temporary-table') this.#undo('a temporary table', this.#inSchema(effect.name));
    else if (effect.type === 'prepare') this.#named('a prepared statement').add(effect.name);
    else if (effect.type === 'deallocate') this.#undo('a prepared statement', effect.name);
  }

  // The server reports the character sets, and not the collation that comes with them.
  #names(collation: string | undefined): void {
    const variables = new Map(this.#wanted.variables);
    variables.delete('collation_connection');
    if (collation !== undefined) variables.set('collation_connection', collation);
    this.#wanted = stateOf(variables, this.#wanted.schema);
  }

  #xa(verb: string): void {
    if (verb === 'start' || verb === 'begin') this.#pin('an XA transaction');
    else if (verb === 'commit' || verb === 'rollback') this.#unpin('an XA transaction');
  }

  #named(reason: PinReason): Set<string | undefined> {
    this.#holding ??= new Map();
    const names = this.#holding.get(reason) ?? new Set();
    this.#holding.set(reason, names);
    return names;
  }

  // Two schemas may have a temporary table of one name.
  #inSchema(name: string | undefined): string | undefined {
    return name === undefined || name.includes('.') ? name : `${this.#wanted.schema ?? ''}.${name}`;
  }

  // Ends the pin with the last of its names; what has no name cannot be told to be undone.
  #undo(reason: PinReason, name: string | undefined): void {
    const names = this.#named(reason);
    if (name !== undefined) names.delete(name);
    if (names.size === 0) this.#unpin(reason);
  }

  #variable(effect: Effect & { type: 'set-variable' }): void {
    if (effect.scope !== 'session' || effect.name === 'autocommit') return;
    // A value that the server reports comes with its answer; an expression's cannot be known here.
    const kept = isReplayed(effect.name) || (isUnchanging(effect.name) && !isReadOnlySwitch(effect.name));
    if (!kept) this.#pin('a session variable');
    if (effect.name === 'character_set_connection' || effect.name === 'collation_connection') this.#names(undefined);
  }

  #tell(classification: Classification, header: AnswerHeader | undefined, slot: Slot): void {
    const isReport = header !== undefined && !header.rows;
    // A ping's answer is a report that mysql2 keeps to itself.
    if (classification.kind === 'empty') this.#suspected = false;
    const isAwaited = isReport && this.#suspected && slot === this.#pinnedTo;
    if (isAwaited) {
      this.#suspected = false;
      this.#unpin('session state');
    }
    // Reads and the ends of transactions change nothing there: it is what the SET_VAR hint of an earlier read has left to be told.
    const { access } = classification;
    if (slot === 'replica' && !isAwaited && (access === 'read' || access === 'transaction')) return;
    const changes = header?.stateChanges;
    const explained = isExplained(classification) && !this.#untold && !isAwaited;
    if (changes && !isQuietReport(changes)) this.#report(changes, explained);
    // SET CHARACTER SET takes the schema's, which nothing tells.
    if (isReport && setsCollation(classification) && !changes?.systemVariables?.collation_connection) {
      this.#pin('a session variable');
    }
    if (isReport && slot === 'primary') this.#untold = false;
    if (mayKeepUntold(classification) && (!isReport || classification.statements > 1)) this.#untold = true;
  }

  #report(changes: StateChanges, explained: boolean): void {
    const variables = new Map(this.#wanted.variables);
    for (const [name, value] of Object.entries(changes.systemVariables ?? {})) this.#reported(name, value, variables);
    const schema = typeof changes.schema === 'string' ? changes.schema || undefined : this.#wanted.schema;
    // Empty when the schema in use was dropped: a connection without one, which no other can be made to be.
    if (changes.schema === '') this.#pin('a dropped schema');
    else if (changes.schema) this.#unpin('a dropped schema');
    // The server says that something changed, and the text does not say what: a routine's temporary table, and what else.
    const untold = !explained && !this.#pins.includes('a session variable');
    if (changes.trackStateChange != null && untold) this.#pin('session state');
    const next = stateOf(variables, schema);
    if (next.fingerprint !== this.#wanted.fingerprint) this.#wanted = next;
  }

  #reported(name: string, value: string | null, variables: Map<string, string>): void {
    if (isUnchanging(name)) return;
    if (name === 'completion_type') this.#releasesAtEnd = value === 'RELEASE';
    // `WHERE id IS NULL` asks for the last insert of the connection then.
    if (name === 'sql_auto_is_null' && value === 'ON') this.#pin('a session variable');
    if (name === 'autocommit') {
      if (value === 'OFF') this.#pin('autocommit=0');
      else this.#unpin('autocommit=0');
    } else if (isReplayed(name) && value !== null) variables.set(name, value);
    else this.#pin('a session variable');
  }
}

/** These variables and this schema as a value. */
export function stateOf(variables: ReadonlyMap<string, string>, schema: string | undefined): ReplayedState {
  const parts = [...variables].map(([name, value]) => `${name}=${value}`).sort();
  return { fingerprint: [...(schema === undefined ? [] : [`use ${schema}`]), ...parts].join('\n'), variables, schema };
}

const RENAMING: ReadonlySet<string> = new Set(['alter', 'rename']);
