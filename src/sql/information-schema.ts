/**
 * The tables of information_schema that describe the schema, which replication makes alike everywhere. All others (PROCESSLIST,
 * INNODB_*, GLOBAL_STATUS, PROFILING, OPTIMIZER_TRACE, …) tell of one server or one session.
 */
const METADATA = new Set(
  `administrable_role_authorizations applicable_roles character_sets check_constraints collation_character_set_applicability
  collations column_privileges column_statistics columns columns_extensions engines events key_column_usage keywords
  parameters partitions referential_constraints routines schema_privileges schemata schemata_extensions sequences
  st_geometry_columns st_spatial_reference_systems st_units_of_measure statistics table_constraints table_constraints_extensions
  table_privileges tables tables_extensions tablespaces triggers user_attributes user_privileges view_routine_usage
  view_table_usage views`.split(/\s+/),
);

/** Whether a table of information_schema, in lower case, is the same on every server. */
export function isMetadata(table: string): boolean {
  return METADATA.has(table);
}
