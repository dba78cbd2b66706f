import { systemClock } from '../clock.js';
import type { Cluster } from '../cluster/cluster.js';
import { LeaseSource } from '../cluster/lease-source.js';
import type { ConnectionSettings } from '../cluster/physical-connection.js';
import { joinCluster, leaveCluster } from '../cluster/registry.js';
import { catalogOf } from '../cluster/routine-catalog.js';
import { openRoutineSource } from '../cluster/routine-source.js';
import { lastingHistory, newLoad, type SharedLoad } from '../cluster/shared-load.js';
import { parseOptions, type Settings } from '../options.js';
import { AskedForms } from '../session/asked-forms.js';
import { Classifier } from '../session/classifier.js';
import type { SessionCore } from '../session/session-core.js';
import { StatementRules } from '../session/statement-rules.js';
import type { LexicalOptions } from '../sql/classification.js';
import { type ClusteredOptions, connectionSettings } from './driver-config.js';
import { checkTlsNames } from './tls-names.js';

/** How long what runs may take to its end when a pool or connection is closed. */
const END_TIMEOUT_MS = 10_000;

/** What a pool, or a connection of its own, stands on. `close` ends its share of the cluster. */
export interface OpenCore extends SessionCore {
  close(): Promise<void>;
  /** The password of connections that are made from now on. */
  usePassword(password: string): void;
}

/** What of a core does not depend on the connection: those whose options are equal may share it. */
interface Base {
  readonly key: string;
  readonly cluster: Cluster;
  readonly classifier: Classifier;
  readonly rules: StatementRules | undefined;
  readonly load: SharedLoad;
  readonly unlearn: () => void;
}

interface Opening {
  readonly options: ClusteredOptions;
  readonly settings: Settings;
  readonly connection: ConnectionSettings;
}

const shared = new Map<string, { readonly base: Base; users: number }>();

/**
 * Opens the cluster of these options, or joins it when the process has it already.
 *
 * @throws OptionError
 */
export function openCore(options: ClusteredOptions): OpenCore {
  const opening = readOptions(options);
  const base = openBase(opening, (cluster) => newLoad(cluster, opening.settings));
  return coreOn(base, opening, () => closeBase(base));
}

/**
 * The same for one connection of those that an ORM holds as its pool. What one has learnt all know whose options are equal; the
 * reads of each see the writes of all that this process has or had on the cluster, in whatever character set, and as whatever account
 * where the monitors have their own.
 *
 * @throws OptionError
 */
export function openSharedCore(options: ClusteredOptions): OpenCore {
  const opening = readOptions(options);
  const key = baseKey(opening);
  const load = (cluster: Cluster): SharedLoad => newLoad(cluster, opening.settings, lastingHistory(cluster));
  const entry = shared.get(key) ?? { base: openBase(opening, load), users: 0 };
  shared.set(key, entry);
  entry.users++;
  return coreOn(entry.base, opening, () => {
    if (--entry.users > 0) return;
    shared.delete(key);
    closeBase(entry.base);
  });
}

function readOptions(options: ClusteredOptions): Opening {
  const settings = parseOptions(options.cluster, {
    host: options.host,
    port: options.port,
    connectionLimit: options.connectionLimit,
    idleTimeout: options.idleTimeout,
    queueLimit: options.queueLimit,
    waitForConnections: options.waitForConnections,
  });
  const connection = connectionSettings(options) as ConnectionSettings;
  checkTlsNames(settings, connection);
  return { options, settings, connection };
}

function openBase({ options, settings, connection }: Opening, load: (cluster: Cluster) => SharedLoad): Base {
  const key = topologyKey(settings, connection);
  const cluster = joinCluster(key, () => ({
    settings,
    connection,
    clock: systemClock,
  }));
  const classifier = new Classifier(lexicalOptions(settings, options), cluster.topology);
  cluster.watch(classifier);
  return {
    key,
    cluster,
    classifier,
    rules: rulesOf(settings, classifier, options.database),
    load: load(cluster),
    unlearn: learnFunctions(classifier, { cluster, settings, connection }),
  };
}

function closeBase({ key, cluster, classifier, unlearn }: Base): void {
  unlearn();
  cluster.unwatch(classifier);
  leaveCluster(key);
}

function coreOn({ cluster, classifier, rules, load }: Base, opening: Opening, closed: () => void): OpenCore {
  const { settings, connection, options } = opening;
  const source = new LeaseSource(cluster, { connection, settings, load });
  return {
    source,
    settings,
    classifier,
    asked: new AskedForms(),
    pinned: new Set(),
    rules,
    database: options.database,
    usePassword(password) {
      Object.assign(connection, { password });
      cluster.account.usePassword(password);
    },
    async close() {
      await source.close(END_TIMEOUT_MS);
      closed();
    },
  };
}

interface Opened {
  readonly cluster: Cluster;
  readonly settings: Settings;
  readonly connection: ConnectionSettings;
}

/** What the classifier does not know of functions, their bodies may tell. Gives what ends that. */
function learnFunctions(classifier: Classifier, { cluster, settings, connection }: Opened): () => void {
  const { user, password } = connection;
  const vouched = settings.readOnlyFunctions;
  const key = JSON.stringify([user, identity(password), [...vouched].sort()]);
  const catalog = catalogOf(cluster, key, () => ({
    clock: cluster.clock,
    vouched,
    open: (address) => openRoutineSource(connection, cluster.destination(address), cluster.clock),
    onTooMuch: (message) => cluster.tell('warning', { code: 'FUNCTIONS_UNREAD', message }),
  }));
  const listener = (pure: ReadonlySet<string>): void => classifier.trust(pure);
  classifier.onUnknown = (functions) => catalog.want(functions);
  catalog.join(listener);
  return () => catalog.leave(listener);
}

function lexicalOptions(settings: Settings, options: ClusteredOptions): LexicalOptions {
  return Object.freeze({
    readOnlyFunctions: settings.readOnlyFunctions,
    ...(options.charset === undefined ? {} : { charset: options.charset }),
  });
}

function rulesOf(settings: Settings, classifier: Classifier, database: string | undefined): StatementRules | undefined {
  const used = settings.rules.length > 0 || settings.commentHints;
  return used ? new StatementRules(settings, () => classifier.dialect, database) : undefined;
}

// Whoever has the same key reads and writes as the same account, by the same rules.
function baseKey({ options, settings, connection }: Opening): string {
  const { user, password } = connection;
  const account = [user, identity(password), options.database, options.charset];
  return JSON.stringify([topologyKey(settings, connection), account, settings], (_name, value: unknown) => {
    if (value instanceof Set) return [...value].sort();
    if (value instanceof RegExp) return String(value);
    return typeof value === 'function' ? identity(value) : value;
  });
}

const identities = new WeakMap<object, number>();
let lastIdentity = 0;

// Functions and TLS material are compared by identity, everything else by value.
function topologyKey(settings: Settings, connection: ConnectionSettings): string {
  const { nodes, discover, resolve, kind, heartbeat, monitor, control, requireSemiSync } = settings;
  const { user, password, ssl } = connection;
  const account = monitor.user === undefined ? [user, identity(password)] : [];
  const asked = [kind, heartbeat, monitor, control, requireSemiSync];
  return JSON.stringify([nodes, discover, identity(resolve), asked, account, identity(ssl)]);
}

function identity(value: unknown): unknown {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return value;
  let id = identities.get(value);
  if (id === undefined) {
    id = ++lastIdentity;
    identities.set(value, id);
  }
  return `#${id}`;
}
