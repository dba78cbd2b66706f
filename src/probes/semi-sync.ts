import type { SemiSyncReport } from '../topology/node-report.js';

type Variables = ReadonlyMap<string, string>;

/** The variables that tell whether the plugins are there; 8.0.26 renamed them, and either pair may be installed. */
export const semiSyncVariables: readonly string[] = [
  'rpl_semi_sync_source_enabled',
  'rpl_semi_sync_replica_enabled',
  'rpl_semi_sync_master_enabled',
  'rpl_semi_sync_slave_enabled',
];

/** What a source tells of its replicas' acknowledgements, by either name. */
export const semiSyncCounters: readonly string[] = ['source', 'master'].flatMap((name) =>
  ['status', 'clients', 'tx_waits', 'no_times'].map((what) => `Rpl_semi_sync_${name}_${what}`),
);

/** How a source tells what its replicas acknowledge now. */
export const semiSyncStatus = `SHOW GLOBAL STATUS WHERE variable_name IN (${semiSyncCounters.map((name) => `'${name}'`).join(', ')})`;

/** What is known from the variables, with `last` for what only the status tells. Undefined without the plugins. */
export function readSemiSync(variables: Variables, last: SemiSyncReport | undefined): SemiSyncReport | undefined {
  const source = variables.get('rpl_semi_sync_source_enabled') ?? variables.get('rpl_semi_sync_master_enabled');
  const replica = variables.get('rpl_semi_sync_replica_enabled') ?? variables.get('rpl_semi_sync_slave_enabled');
  if (source === undefined && replica === undefined) return undefined;
  return {
    source:
      source === undefined ? undefined : source === 'OFF' ? 'off' : last?.source === 'degraded' ? 'degraded' : 'on',
    replica: replica === undefined ? undefined : replica === 'OFF' ? 'off' : 'on',
    clients: last?.clients,
    waits: last?.waits,
    timeouts: last?.timeouts,
  };
}

/** Joins what `SHOW GLOBAL STATUS` says: enabled but OFF means that it has fallen back to asynchronous. */
export function withStatus(semiSync: SemiSyncReport | undefined, status: Variables): SemiSyncReport | undefined {
  const read = (what: string): string | undefined =>
    status.get(`rpl_semi_sync_source_${what}`) ?? status.get(`rpl_semi_sync_master_${what}`);
  const count = (what: string): number | undefined => {
    const value = read(what);
    return value === undefined ? undefined : Number(value);
  };
  const state = read('status');
  if (semiSync === undefined || state === undefined) return semiSync;
  const source = semiSync.source === 'off' ? 'off' : state === 'ON' ? 'on' : 'degraded';
  return { ...semiSync, source, clients: count('clients'), waits: count('tx_waits'), timeouts: count('no_times') };
}
