/**
 * System variables of a session by what a change of them means. A name in none of the lists binds the session to its
 * lease: unknown names too.
 */

// Set again on a lease that lacks them: they change results or limits, and their value can be read back as reported.
const REPLAYED = new Set([
  'big_tables',
  'character_set_client',
  'character_set_connection',
  'character_set_results',
  'collation_connection',
  'cte_max_recursion_depth',
  'default_storage_engine',
  'default_week_format',
  'div_precision_increment',
  'eq_range_index_dive_limit',
  'explicit_defaults_for_timestamp',
  'foreign_key_checks',
  'group_concat_max_len',
  'innodb_lock_wait_timeout',
  'interactive_timeout',
  'join_buffer_size',
  'lc_messages',
  'lc_time_names',
  'lock_wait_timeout',
  'max_allowed_packet',
  'max_execution_time',
  'max_heap_table_size',
  'max_join_size',
  'max_sort_length',
  'max_statement_time',
  'net_read_timeout',
  'net_write_timeout',
  'optimizer_prune_level',
  'optimizer_search_depth',
  'optimizer_switch',
  'read_buffer_size',
  'read_rnd_buffer_size',
  'sort_buffer_size',
  'sql_auto_is_null',
  'sql_big_selects',
  'sql_mode',
  'sql_quote_show_create',
  'sql_require_primary_key',
  'sql_safe_updates',
  'sql_select_limit',
  'time_zone',
  'tmp_table_size',
  'transaction_isolation',
  'tx_isolation',
  'unique_checks',
  'wait_timeout',
]);

/**
 * What MySQL is asked to tell changes of: what is replayed, and what says how transactions end. That anything else has changed, it
 * says without a name (`session_track_state_change`). `'*'` would bring a `statement_id` with every answer. A name that a version
 * does not have would bring a warning, which the application's first SHOW WARNINGS would show.
 */
export function trackedByName(version: string): readonly string[] {
  const missing = /^5\./.test(version) ? MISSING_IN_5 : MISSING_SINCE_8;
  return ['autocommit', 'completion_type', ...REPLAYED].filter((name) => !missing.has(name));
}

const MISSING_IN_5 = new Set(['cte_max_recursion_depth', 'max_statement_time', 'sql_require_primary_key']);
const MISSING_SINCE_8 = new Set(['max_statement_time', 'tx_isolation']);

// `statement_id` comes with every answer where all are tracked; the read-only switch is the package's own net and a statement's intent.
const UNCHANGING = new Set(['statement_id', 'last_gtid']);

/** Whether a change is made again on a lease that lacks it. */
export function isReplayed(name: string): boolean {
  return REPLAYED.has(name);
}

/** Whether it is the read-only switch: an intent, and on replicas the package's own net. Never replayed. */
export function isReadOnlySwitch(name: string): boolean {
  return name === 'transaction_read_only' || name === 'tx_read_only';
}

/** Whether a report of it says nothing about the session. */
export function isUnchanging(name: string): boolean {
  return UNCHANGING.has(name) || isReadOnlySwitch(name) || name.startsWith('session_track_');
}
