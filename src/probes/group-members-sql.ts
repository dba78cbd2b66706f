import { isFrom } from './server-rows.js';

/** What a row of the statement is about. */
export const MEMBER = 'member';
export const CHANNEL = 'channel';

/**
 * One statement for the view with its members, and for the replication channels: a ClusterSet's replica cluster has one to the
 * primary cluster, and the group's own says what the group has delivered. Each row is about one member or one channel.
 */
export function membersSql(version: string): string {
  // 5.7 and the first releases of 8.0 tell the primary by a status variable, which is empty where all members are primaries.
  const role = isFrom(version, [8, 0, 2])
    ? 'm.MEMBER_ROLE'
    : `CASE ${PRIMARY_MEMBER} WHEN '' THEN 'PRIMARY' WHEN m.MEMBER_ID THEN 'PRIMARY' ELSE 'SECONDARY' END`;
  return (
    `SELECT '${MEMBER}' AS about, m.MEMBER_ID AS id, m.MEMBER_HOST AS host, m.MEMBER_PORT AS port, '' AS name, m.MEMBER_STATE AS state, ` +
    `${role} AS role, (SELECT MAX(VIEW_ID) FROM ${TABLES}group_member_stats) AS view, ` +
    "'' AS io, '' AS applier, 0 AS delay, '' AS received, '' AS error " +
    `FROM ${TABLES}group_members m UNION ALL ` +
    `SELECT '${CHANNEL}', s.SOURCE_UUID, c.HOST, c.PORT, c.CHANNEL_NAME, '', '', '', s.SERVICE_STATE, a.SERVICE_STATE, ` +
    `d.DESIRED_DELAY, s.RECEIVED_TRANSACTION_SET, COALESCE(NULLIF((SELECT MAX(w.LAST_ERROR_MESSAGE) ` +
    `FROM ${TABLES}applier_status_by_worker w WHERE w.CHANNEL_NAME = c.CHANNEL_NAME), ''), s.LAST_ERROR_MESSAGE) ` +
    `FROM ${TABLES}connection_configuration c JOIN ${TABLES}connection_status s USING (CHANNEL_NAME) ` +
    `JOIN ${TABLES}applier_configuration d USING (CHANNEL_NAME) JOIN ${TABLES}applier_status a USING (CHANNEL_NAME)`
  );
}

const TABLES = 'performance_schema.replication_';

const PRIMARY_MEMBER =
  "(SELECT VARIABLE_VALUE FROM performance_schema.global_status WHERE VARIABLE_NAME = 'group_replication_primary_member')";
