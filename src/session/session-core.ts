import type { LeaseSource } from '../cluster/lease-source.js';
import type { PhysicalConnection } from '../cluster/physical-connection.js';
import type { DriverError } from '../error-facts.js';
import type { Settings } from '../options.js';
import type { Classification } from '../sql/classification.js';
import type { NodeId } from '../topology/node-report.js';
import type { AnswerHeader } from './answer.js';
import type { AskedForms } from './asked-forms.js';
import type { Classifier } from './classifier.js';
import type { PinReason } from './pins.js';
import type { SessionState, Slot } from './session-state.js';
import type { StatementRules } from './statement-rules.js';
import type { TransactionGuard } from './transaction-guard.js';

/** What the sessions of one pool have in common. */
export interface SessionCore {
  readonly source: LeaseSource;
  readonly settings: Settings;
  /** Classifies texts as the servers read them. */
  readonly classifier: Classifier;
  /** The options `rules` and `commentHints`; undefined when neither is used. */
  readonly rules: StatementRules | undefined;
  /** What the pool was asked that only a connection can answer. */
  readonly asked: AskedForms;
  /** The sessions that something may bind to a connection: those of many statements stay once they were bound. */
  readonly pinned: Set<Pick<SessionHost, 'pins'>>;
  /** The schema of a fresh connection. */
  readonly database: string | undefined;
}

/** A session, as one statement on its way through it sees it. */
export interface SessionHost {
  readonly core: SessionCore;
  readonly state: SessionState | undefined;
  /** What binds it, a result that has not been read to its end too. */
  readonly pins: readonly PinReason[];
  /** Why nothing more can be done in it. */
  readonly dead: Error | undefined;
  /** Watches the transaction of `cluster.transaction` that runs in it. */
  readonly guard: TransactionGuard | undefined;
  classify(sql: string): Classification;
  lease(slot: Slot): PhysicalConnection | undefined;
  /** Whether leases are kept between statements. */
  readonly keepsLeases: boolean;
  /** The lease kept on this node. */
  kept(node: NodeId): PhysicalConnection | undefined;
  /**
   * The lease that has the answer to an earlier statement which this one asks for; undefined when any will do.
   *
   * @throws SessionLostError when it is lost
   */
  answering(classification: Classification, sql: string): PhysicalConnection | undefined;
  hold(lease: PhysicalConnection): void;
  use(lease: PhysicalConnection): void;
  drop(lease: PhysicalConnection): void;
  succeeded(lease: PhysicalConnection, classification: Classification, headers: readonly AnswerHeader[]): void;
  done(lease: PhysicalConnection | undefined): void;
  lost(cause: Error): void;
  /** What the lease's session state is cannot be told any more. */
  suspect(lease: PhysicalConnection): void;
  /** The server answered with an error, which tells nothing of the session's state. */
  refused(lease: PhysicalConnection, classification: Classification, error: DriverError): void;
}
