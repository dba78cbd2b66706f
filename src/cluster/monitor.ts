import type { Connection } from 'mysql2';
import type { Clock, Timer } from '../clock.js';
import type { ClusterKind } from '../cluster-kind.js';
import { type DriverError, readError } from '../error-facts.js';
import { askAgain, type VariablesQuery } from '../probes/ask-variables.js';
import { withControl } from '../probes/control-table.js';
import type { Probe, ProbeAnswer, ProbeQuery } from '../probes/probe.js';
import { detect, detection, probeOf } from '../probes/probe-of.js';
import type { Address, FailedReport, LiveReport, NodeReport } from '../topology/node-report.js';
import { socketOf } from './physical-connection.js';

/** What a monitor needs of its surroundings. */
export interface MonitorContext {
  readonly clock: Clock;
  /** The kind of cluster, when it is not to be detected. */
  readonly kind: 'auto' | ClusterKind;
  readonly timeoutMs: number;
  /** A table to be read where GTIDs say nothing, as `schema.table`. */
  readonly heartbeat: string | undefined;
  /** Opens a connection with the monitor's account; fails within `timeoutMs`. */
  readonly connect: (address: Address) => Promise<{ raw: Connection; version: string }>;
  /** Milliseconds until the next probe of an address, when so many in a row have failed there. */
  readonly pause: (address: Address, failures: number) => number;
  /** Milliseconds until a probe may be made out of turn, when the last began at `begunAt`. */
  readonly soon: (begunAt: number) => number;
  readonly onReport: (report: NodeReport, error: Error | undefined) => void;
  /** What else to ask this time. */
  readonly extras: (address: Address) => ProbeExtras;
  /** Whether somebody uses the cluster, or listens: if not, probes keep no process alive. */
  readonly isWanted: () => boolean;
}

/** What options have probes ask beside what the kind of cluster needs. */
export interface ProbeExtras {
  /** The control table, while the address is the primary's. */
  readonly controlTable: string | undefined;
  readonly semiSync: boolean;
}

/** A server may be made a member of a group while it runs: the kind is looked at again after so many ticks. */
const DETECT_TICKS = 60;

/** Probes one address on a connection of its own: one probe at a time, again after each pause. */
export class Monitor {
  readonly address: Address;
  readonly #context: MonitorContext;
  #raw: Connection | undefined;
  #version = '';
  #kind: ClusterKind | undefined;
  #tick = 0;
  #last: LiveReport | undefined;
  #timer: Timer | undefined;
  #dueAt = 0;
  #failures = 0;
  #running = false;
  #begunAt = Number.NEGATIVE_INFINITY;
  #again: 'now' | 'soon' | undefined;
  /** In how many ms the next probe is wanted, when that was said while one was under way. */
  #nextMs: number | undefined;
  #stopped = false;
  /** By the text of a SHOW, what asks for the same again on this connection. */
  readonly #cheaper = new Map<string, VariablesQuery>();

  constructor(address: Address, context: MonitorContext) {
    this.address = address;
    this.#context = context;
  }

  /** Probes at once; when a probe is under way, once more after it. */
  probeNow(): void {
    if (this.#stopped) return;
    if (this.#running) {
      this.#again = 'now';
      return;
    }
    this.#timer?.cancel();
    this.#running = true;
    void this.#probe();
  }

  /** Probes out of turn, as soon as that may be; when a probe is under way, once more after it. */
  probeSoon(): void {
    if (this.#running) {
      this.#again ??= 'soon';
      return;
    }
    const ms = this.#context.soon(this.#begunAt);
    if (ms <= 0) this.probeNow();
    else if (this.#context.clock.now() + ms < this.#dueAt) this.#schedule(ms);
  }

  /** Moves the next probe to `ms` from now, unless one was sent in the last `restMs`, or nobody answers there. */
  probeIn(ms: number, restMs: number): void {
    if (this.#failures > 0 || this.#context.clock.now() - this.#begunAt < restMs) return;
    if (this.#running) this.#nextMs = ms;
    else this.#schedule(ms);
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#drop();
  }

  async #probe(): Promise<void> {
    this.#again = undefined;
    const { clock, onReport, pause, soon } = this.#context;
    const sentAt = clock.now();
    this.#begunAt = sentAt;
    let failure: DriverError | undefined;
    let report: NodeReport;
    try {
      report = await this.#ask();
      if (report.ok) this.#last = report;
    } catch (error) {
      failure = error as DriverError;
      this.#drop();
      report = { ok: false, address: this.address, sentAt, answeredAt: clock.now(), ...describe(failure) };
    }
    this.#failures = report.ok ? 0 : this.#failures + 1;
    if (this.#stopped) return;
    try {
      onReport(report, failure);
    } finally {
      this.#running = false;
      const nextMs = this.#nextMs ?? pause(this.address, this.#failures);
      this.#nextMs = undefined;
      if (this.#again === 'now') this.probeNow();
      else this.#schedule(this.#again === 'soon' ? soon(sentAt) : nextMs);
    }
  }

  #schedule(ms: number): void {
    if (this.#stopped) return;
    const { clock } = this.#context;
    this.#timer?.cancel();
    this.#dueAt = clock.now() + ms;
    this.#timer = clock.after(ms, () => this.probeNow(), true);
  }

  // A connection that was open and is lost may have been killed alone: only the next connect tells of the node.
  async #ask(): Promise<NodeReport> {
    if (!this.#raw) return this.#askOn(await this.#open());
    try {
      return await this.#askOn(this.#raw);
    } catch (error) {
      if ((error as DriverError).code === 'PROBE_TIMEOUT') throw error;
      this.#drop();
      return this.#askOn(await this.#open());
    }
  }

  async #open(): Promise<Connection> {
    const { raw, version } = await this.#context.connect(this.address);
    if (this.#stopped) {
      raw.destroy();
      throw new Error('stopped');
    }
    raw.on('error', () => {
      if (this.#raw === raw) this.#raw = undefined;
    });
    this.#raw = raw;
    this.#version = version;
    this.#tick = 0;
    this.#cheaper.clear();
    return raw;
  }

  async #askOn(raw: Connection): Promise<NodeReport> {
    const { clock, timeoutMs, heartbeat } = this.#context;
    const { controlTable, semiSync } = this.#context.extras(this.address);
    const context = { tick: this.#tick++, last: this.#last, version: this.#version, heartbeat, semiSync };
    const timer = clock.after(timeoutMs, () => socketOf(raw).destroy(timeout(timeoutMs)), true);
    if (this.#context.isWanted()) socketOf(raw).ref();
    else socketOf(raw).unref();
    try {
      const kind = await this.#probeFor(raw, context.tick);
      const probe = controlTable === undefined ? kind : withControl(kind, controlTable);
      const answers: ProbeAnswer[] = [];
      const sentAt = clock.now();
      let answeredAt = sentAt;
      for (const query of probe.queries(context)) {
        answers.push(await this.#answer(raw, query, context.tick));
        // What was sampled by the first query was true no later than its own answer.
        if (answers.length === 1) answeredAt = clock.now();
      }
      return probe.read(answers, { address: this.address, sentAt, answeredAt, context });
    } finally {
      timer.cancel();
    }
  }

  async #answer(raw: Connection, query: ProbeQuery, tick: number): Promise<ProbeAnswer> {
    const cheaper = this.#cheaper.get(query.sql);
    // A plugin may have come; one that went makes the cheaper statement fail.
    if (cheaper !== undefined && tick % DETECT_TICKS !== 0) {
      const again = await answer(raw, cheaper.sql);
      if ('rows' in again) return { rows: cheaper.rows(again.rows) };
    }
    const given = await answer(raw, query.sql);
    const next = query.shows === 'variables' && 'rows' in given ? askAgain(given.rows) : undefined;
    if (next) this.#cheaper.set(query.sql, next);
    return given;
  }

  async #probeFor(raw: Connection, tick: number): Promise<Probe> {
    const { kind } = this.#context;
    if (kind !== 'auto') return probeOf(kind);
    if (this.#kind === undefined || tick % DETECT_TICKS === 0) {
      this.#kind = detect(this.#version, await answer(raw, detection.sql));
    }
    return probeOf(this.#kind);
  }

  #drop(): void {
    const raw = this.#raw;
    this.#raw = undefined;
    if (raw) socketOf(raw).destroy();
  }
}

function answer(raw: Connection, sql: string): Promise<ProbeAnswer> {
  return new Promise((resolve, reject) => {
    raw.query(sql, (error: DriverError | null, rows: unknown) => {
      if (!error) resolve({ rows: rows as Record<string, unknown>[] });
      else if (readError(error, 'statement').usable) {
        resolve({ error: { code: error.code ?? '', errno: error.errno ?? 0, message: error.message } });
      } else reject(error);
    });
  });
}

function describe(error: DriverError): Pick<FailedReport, 'reason' | 'message' | 'code'> {
  const facts = readError(error, 'connect');
  const late = error.code === 'ETIMEDOUT' || error.code === 'PROBE_TIMEOUT';
  const unclear = ['ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'].includes(error.code ?? '');
  const reason = facts.full
    ? 'full'
    : facts.denied
      ? 'denied'
      : late
        ? 'timeout'
        : unclear || !facts.gone
          ? 'error'
          : 'gone';
  return { reason, message: error.message, code: error.code };
}

function timeout(timeoutMs: number): Error {
  return Object.assign(new Error(`no answer to a probe within monitor.timeoutMs (${timeoutMs} ms)`), {
    code: 'PROBE_TIMEOUT',
    fatal: true,
  });
}
