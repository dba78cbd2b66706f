import type { Dependency, Effect } from './classification.js';

/** What a built-in function does beyond computing its value. */
export interface SpecialFunction {
  readonly access: 'write' | 'session' | 'admin';
  readonly because: string;
  readonly effect?: Effect;
  readonly dependsOn?: Dependency;
}

type Row = readonly [names: string, special: SpecialFunction];

const asks = (dependsOn: Dependency, because: string): SpecialFunction => ({ access: 'session', because, dependsOn });
const admin = (because: string): SpecialFunction => ({ access: 'admin', because });

/**
 * User locks and sequences live on the primary: a lock taken on a replica would exclude nobody. The locking service's and the
 * version tokens' functions are loadable (manual, "The Locking Service", "Version Tokens").
 */
const ROWS: readonly Row[] = [
  ['get_lock', { access: 'write', because: 'GET_LOCK() takes a user lock', effect: { type: 'user-lock' } }],
  [
    'service_get_read_locks service_get_write_locks version_tokens_lock_shared version_tokens_lock_exclusive',
    {
      access: 'write',
      because: 'a locking function takes a lock that the session holds',
      effect: { type: 'user-lock' },
    },
  ],
  [
    'service_release_locks version_tokens_unlock',
    { access: 'write', because: 'a locking function releases locks of the session' },
  ],
  ['release_lock', { access: 'write', because: 'RELEASE_LOCK()', effect: { type: 'release-user-lock' } }],
  [
    'release_all_locks',
    { access: 'write', because: 'RELEASE_ALL_LOCKS()', effect: { type: 'release-all-user-locks' } },
  ],
  ['is_free_lock is_used_lock', { access: 'write', because: "the primary's user locks are asked for" }],
  ['nextval setval', { access: 'write', because: 'a sequence is moved' }],
  [
    'lastval',
    { access: 'write', because: "LASTVAL() asks this connection's last NEXTVAL()", dependsOn: 'last-insert-id' },
  ],
  ['last_insert_id', asks('last-insert-id', 'LAST_INSERT_ID() belongs to one connection')],
  ['row_count', asks('row-count', 'ROW_COUNT() belongs to the previous statement')],
  ['found_rows', asks('found-rows', 'FOUND_ROWS() belongs to the previous statement')],
  ['connection_id', asks('connection-id', 'CONNECTION_ID() names one connection')],
  ['ps_current_thread_id', asks('connection-id', 'PS_CURRENT_THREAD_ID() names one connection')],
  ['ps_thread_id', admin('PS_THREAD_ID() asks for a thread of one server')],
  ['load_file', admin('LOAD_FILE() reads a file of one server')],
  [
    `wait_for_executed_gtid_set wait_until_sql_thread_after_gtids source_pos_wait master_pos_wait master_gtid_wait
      binlog_gtid_pos`,
    admin("one server's replication position is asked for"),
  ],
];

/** Every special function; its index plus one is what the word table holds. */
export const SPECIAL_FUNCTIONS: readonly SpecialFunction[] = ROWS.map(([, special]) => Object.freeze(special));

/** Names to index, for the word table. */
export const SPECIAL_NAMES: readonly (readonly [name: string, index: number])[] = ROWS.flatMap(([names], index) =>
  names.split(/\s+/).map((name) => [name, index] as const),
);
