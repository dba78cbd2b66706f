import { systemClock } from '../clock.js';
import type { Cluster } from '../cluster/cluster.js';
import { LeaseSource } from '../cluster/lease-source.js';
import type { ConnectionSettings } from '../cluster/physical-connection.js';
import { joinCluster, leaveCluster } from '../cluster/registry.js';
import { catalogOf } from '../cluster/routine-catalog.js';
import { openRoutineSource } from '../cluster/routine-source.js';
import { parseOptions, type Settings } from '../options.js';
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
}

/**
 * Opens the cluster of these options, or joins it when the process has it already.
 *
 * @throws OptionError
 */
export function openCore(options: ClusteredOptions): OpenCore {
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
  const key = topologyKey(settings, connection);
  const cluster = joinCluster(key, () => ({
    settings,
    connection,
    clock: systemClock,
  }));
  const classifier = new Classifier(lexicalOptions(settings, options), cluster.topology);
  cluster.watch(classifier);
  const unlearn = learnFunctions(classifier, { cluster, settings, connection });
  const source = new LeaseSource(cluster, connection, settings);
  return {
    source,
    settings,
    classifier,
    rules: rulesOf(settings, classifier, options.database),
    database: options.database,
    async close() {
      await source.close(END_TIMEOUT_MS);
      unlearn();
      cluster.unwatch(classifier);
      leaveCluster(key);
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
