import { readRdsEndpoint } from '../rds-endpoint.js';
import type { Change } from './change.js';
import type { Address, LiveReport, NodeId, NodeReport } from './node-report.js';
import type { AddressView, NodeView } from './topology.js';

/** All addresses that are probed. */
export type AddressBook = ReadonlyMap<Address, AddressView>;

/** How discovery is done. */
export interface DiscoverContext {
  readonly now: number;
  readonly discover: boolean;
  /** The address at which the client reaches what a server names; undefined for one it must not use. */
  readonly resolve?: ((address: Address) => Address | undefined) | undefined;
}

/** A discovered address that fails, and that no node names any more, is dropped after this time. */
const FORGET_MS = 60_000;
/** Being named again is noted this seldom: most reports then change no address. */
const NAMED_STEP_MS = 10_000;

/** An address of the user's. */
export function seedView(address: Address): AddressView {
  return { ...unknown(address), seed: true };
}

function unknown(address: Address): AddressView {
  return {
    address,
    seed: false,
    node: undefined,
    namedBy: undefined,
    namedAt: undefined,
    reportedAt: undefined,
    lastFailure: undefined,
  };
}

/** True when something newer is known of the report's address. */
export function isLate(book: AddressBook, report: NodeReport): boolean {
  return (book.get(report.address)?.reportedAt ?? Number.NEGATIVE_INFINITY) > report.sentAt;
}

/** Notes which node answered at the address, or that none did. */
export function noteReport(book: AddressBook, report: NodeReport): AddressBook {
  const view = book.get(report.address) ?? unknown(report.address);
  const reportedAt = report.sentAt;
  const next = report.ok
    ? { ...view, reportedAt, node: report.id, lastFailure: undefined }
    : { ...view, reportedAt, lastFailure: report };
  return new Map(book).set(report.address, next);
}

/** Adds the addresses that a report names: its sources, its replicas, and the members of its group. */
export function discover(
  book: AddressBook,
  report: LiveReport,
  context: DiscoverContext & { readonly nodes: ReadonlyMap<NodeId, NodeView> },
): { readonly book: AddressBook; readonly changes: readonly Change[] } {
  if (!context.discover) return { book, changes: [] };
  const next = new Map(book);
  const changes: Change[] = [];
  for (const address of namedBy(report, context)) {
    const view = book.get(address);
    if (view && (view.namedAt ?? Number.NEGATIVE_INFINITY) > context.now - NAMED_STEP_MS) continue;
    next.set(address, { ...(view ?? unknown(address)), namedBy: view?.namedBy ?? report.id, namedAt: context.now });
    if (!view) changes.push({ type: 'addressDiscovered', address, namedBy: report.id });
  }
  return { book: next, changes };
}

type Naming = DiscoverContext & { readonly nodes: ReadonlyMap<NodeId, NodeView> };

function namedBy(report: LiveReport, context: Naming): readonly Address[] {
  const sources = (report.channels ?? [])
    .filter(({ source, sourceId }) => source !== '' && context.nodes.get(sourceId ?? '')?.health !== 'up')
    .map(({ source }) => source);
  // The name that a node that is up gives itself needs no probe of its own.
  const known = new Set<Address>();
  for (const node of context.nodes.values()) {
    const advertised = node.lastReport?.advertised;
    if (advertised !== undefined && node.health === 'up') known.add(advertised);
  }
  const members = (report.group?.members ?? [])
    .filter(({ id = '', state }) => state !== 'left' && !isReached(context.nodes.get(id)))
    .flatMap(({ address, name }) => address ?? (context.resolve && name) ?? []);
  const named = [...sources, ...members, ...(report.replicas ?? [])].filter((address) => !known.has(address));
  return named.flatMap((address) => (context.resolve ? (context.resolve(address) ?? []) : address));
}

// At an address that moves it is reached for now.
function isReached(node: NodeView | undefined): boolean {
  return node?.health === 'up' && !moves(node.address);
}

/** Drops the report's address when it was discovered, fails, and has not been named for long. */
export function forget(
  book: AddressBook,
  report: NodeReport,
  keep: { now: number; believed: NodeId | undefined },
): AddressBook {
  const view = book.get(report.address);
  if (report.ok || view === undefined || view.seed || view.namedAt === undefined) return book;
  if (keep.now - view.namedAt < FORGET_MS) return book;
  if (view.node !== undefined && view.node === keep.believed) return book;
  const next = new Map(book);
  next.delete(report.address);
  return next;
}

/**
 * The addresses at which a node answers, the one to use first: one that does not fail, a seed before a discovered one. One that
 * moves comes last: by the time that the others fail it may lead elsewhere.
 */
export function addressesOf(book: AddressBook, node: NodeId): readonly Address[] {
  return [...book.values()]
    .filter((view) => view.node === node)
    .sort((a, b) => preference(a) - preference(b))
    .map((view) => view.address);
}

function preference(view: AddressView): number {
  return (moves(view.address) ? 4 : 0) + (view.lastFailure === undefined ? 0 : 2) + (view.seed ? 0 : 1);
}

function moves(address: Address): boolean {
  return address.includes('.rds.') && readRdsEndpoint(address.slice(0, address.lastIndexOf(':')))?.moves === true;
}
