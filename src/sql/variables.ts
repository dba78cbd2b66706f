import type { Dependency } from './classification.js';

/** What the reading of a system variable asks for. */
export type VariableReading =
  /** The same for every session of a server, and answers may differ by server as `@@hostname` does: a plain read. */
  | { readonly access: 'read' }
  /** Tells of one server's role or position. */
  | { readonly access: 'admin' }
  | { readonly access: 'session'; readonly dependsOn: Dependency };

/** Set at the server's start, or by its build, and by no session. */
const CONSTANTS = new Set(
  `version version_comment version_compile_machine version_compile_os hostname server_id server_uuid max_allowed_packet
  lower_case_table_names lower_case_file_system system_time_zone license protocol_version port basedir datadir
  character_set_system performance_schema innodb_version innodb_page_size`.split(/\s+/),
);

/** A replica lease is `transaction_read_only=1` by our own doing, and the others tell a replica from a primary. */
const ONE_SERVER = new Set(
  `read_only super_read_only transaction_read_only tx_read_only innodb_read_only offline_mode gtid_executed gtid_purged
  gtid_owned gtid_current_pos gtid_slave_pos gtid_binlog_pos gtid_binlog_state log_bin server_id_bits`.split(/\s+/),
);

const DEPENDENCIES: Readonly<Record<string, Dependency>> = {
  last_insert_id: 'last-insert-id',
  identity: 'last-insert-id',
  insert_id: 'last-insert-id',
  warning_count: 'diagnostics',
  error_count: 'diagnostics',
  profiling: 'profiling',
  profiling_history_size: 'profiling',
  pseudo_thread_id: 'connection-id',
};

/** What reading the variable needs. `scope` and `name` in lower case. What is not known belongs to the session. */
export function readVariable(scope: string | undefined, name: string): VariableReading {
  if (CONSTANTS.has(name)) return { access: 'read' };
  const isGlobal = scope === 'global' || scope === 'persist' || scope === 'persist_only';
  if (isGlobal || ONE_SERVER.has(name)) return { access: 'admin' };
  return { access: 'session', dependsOn: DEPENDENCIES[name] ?? 'session-variable' };
}
