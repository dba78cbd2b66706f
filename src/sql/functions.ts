/**
 * The servers' built-in functions that are free of side effects, by the servers that have them: a name that a server does not
 * have as a built-in may be a stored function there, and that may write.
 *
 * From the lists of MySQL 5.7, 8.0 and 9.x (manual, "Built-In Function and Operator Reference"; `item_create.cc`, `lex.h`)
 * and of MariaDB 10.6 to 11.x.
 */
export interface FunctionGroup {
  /** First MySQL version that has them, `undefined` for none. */
  readonly mysqlFrom?: number;
  /** First MySQL version that has them no more. */
  readonly mysqlUntil?: number;
  readonly mariadbFrom?: number;
  readonly names: string;
}

const COMMON = `abs acos adddate addtime aes_decrypt aes_encrypt ascii asin atan atan2 avg benchmark bin bit_and bit_count
  bit_length bit_or bit_xor cast ceil ceiling char char_length character_length charset coalesce coercibility collation compress
  concat concat_ws conv convert convert_tz cos cot count crc32 curdate current_date current_time current_timestamp current_user
  curtime database date date_add date_format date_sub datediff day dayname dayofmonth dayofweek dayofyear default degrees elt exp
  export_set extract extractvalue field find_in_set floor format from_base64 from_days from_unixtime get_format greatest
  group_concat hex hour if ifnull inet6_aton inet6_ntoa inet_aton inet_ntoa insert instr is_ipv4 is_ipv4_compat is_ipv4_mapped
  is_ipv6 isnull json_array json_array_append json_array_insert json_contains json_contains_path json_depth json_extract
  json_insert json_keys json_length json_merge json_merge_patch json_merge_preserve json_object json_quote json_remove
  json_replace json_search json_set json_type json_unquote json_valid last_day lcase least left length ln localtime
  localtimestamp locate log log10 log2 lower lpad ltrim make_set makedate maketime max microsecond mid min minute mod month
  monthname name_const now nullif oct octet_length ord period_add period_diff pi position pow power quarter quote radians rand
  repeat replace reverse right round rpad rtrim schema sec_to_time second session_user sha2 sign sin sleep soundex space
  sqrt std stddev stddev_pop stddev_samp str_to_date strcmp subdate substr substring substring_index subtime sum sysdate
  system_user tan time time_format time_to_sec timediff timestamp timestampadd timestampdiff to_base64 to_days to_seconds trim
  truncate ucase uncompress uncompressed_length unhex unix_timestamp updatexml upper user utc_date utc_time utc_timestamp uuid
  uuid_short values var_pop var_samp variance version week weekday weekofyear weight_string year yearweek
  geometrycollection linestring mbrcontains mbrdisjoint mbrequals mbrintersects mbroverlaps mbrtouches mbrwithin multilinestring
  multipoint multipolygon point polygon st_area st_asbinary st_asgeojson st_astext st_aswkb st_aswkt st_buffer st_centroid
  st_contains st_convexhull st_crosses st_difference st_dimension st_disjoint st_distance st_distance_sphere st_endpoint
  st_envelope st_equals st_exteriorring st_geomcollfromtext st_geomcollfromwkb st_geometrycollectionfromtext
  st_geometrycollectionfromwkb st_geometryfromtext st_geometryfromwkb st_geometryn st_geometrytype st_geomfromgeojson
  st_geomfromtext st_geomfromwkb st_interiorringn st_intersection st_intersects st_isclosed st_isempty st_issimple st_length
  st_linefromtext st_linefromwkb st_linestringfromtext st_linestringfromwkb st_numgeometries st_numpoints st_overlaps
  st_pointfromtext st_pointfromwkb st_pointn st_polyfromtext st_polyfromwkb st_polygonfromtext st_polygonfromwkb st_srid
  st_startpoint st_symdifference st_touches st_union st_within st_x st_y`;

const SINCE_MYSQL_8 = `cume_dist current_role dense_rank first_value json_arrayagg json_objectagg json_table json_value lag
  last_value lead nth_value ntile percent_rank rank regexp_instr regexp_replace regexp_substr row_number`;

const MYSQL = `any_value gtid_subset gtid_subtract json_pretty json_storage_size mbrcoveredby mbrcovers st_geohash st_isvalid
  st_latfromgeohash st_longfromgeohash st_makeenvelope st_mlinefromtext st_mlinefromwkb st_mpointfromtext st_mpointfromwkb
  st_mpolyfromtext st_mpolyfromwkb st_multilinestringfromtext st_multilinestringfromwkb st_multipointfromtext
  st_multipointfromwkb st_multipolygonfromtext st_multipolygonfromwkb st_numinteriorring st_numinteriorrings
  st_pointfromgeohash st_simplify st_validate validate_password_strength`;

const MYSQL_8 = `bin_to_uuid format_bytes format_pico_time grouping icu_version is_uuid json_schema_validation_report
  json_storage_free regexp_like roles_graphml st_collect st_frechetdistance st_hausdorffdistance st_latitude
  st_lineinterpolatepoint st_lineinterpolatepoints st_longitude st_pointatdistance st_swapxy st_transform statement_digest
  statement_digest_text uuid_to_bin`;

const MYSQL_9 = 'etag from_vector string_to_vector to_vector vector_dim vector_to_string';

/** Gone in MySQL 9.6, where a component may bring them back as loadable functions (manual, "Legacy Hashing Component"). */
const HASHES = 'md5 sha sha1';

/** Gone in MySQL 8.0, where a stored function may have taken the name. */
const OLD = `analyse area asbinary astext aswkb aswkt centroid convexhull crosses decode des_decrypt des_encrypt dimension encode
  encrypt endpoint envelope exteriorring geomcollfromtext geomcollfromwkb geometryfromtext geometryfromwkb geometryn geometrytype
  geomfromtext geomfromwkb glength interiorringn isclosed isempty issimple linefromtext linefromwkb numgeometries
  numinteriorrings numpoints password pointfromtext pointfromwkb pointn polyfromtext polyfromwkb srid startpoint touches`;

const MARIADB = `add_months chr column_add column_check column_create column_exists column_get column_json column_list decode_oracle
  json_compact json_detailed json_exists json_loose json_query lengthb median nvl nvl2 percentile_cont percentile_disc rownum
  st_boundary st_isring st_pointonsurface st_relate sys_guid to_char value`;

const MARIADB_11 = `crc32c json_array_intersect json_equals json_normalize json_object_filter_keys json_object_to_array json_key_value
  natural_sort_key sformat`;

const MARIADB_11_8 = `kdf uuid_v4 uuid_v7 vec_distance vec_distance_cosine vec_distance_euclidean vec_fromtext vec_totext`;

/** Its index here, plus one, is what the word table holds. */
export const FUNCTION_GROUPS: readonly FunctionGroup[] = [
  { mysqlFrom: 50700, mariadbFrom: 100600, names: COMMON },
  { mysqlFrom: 80000, mariadbFrom: 100600, names: SINCE_MYSQL_8 },
  { mysqlFrom: 50700, names: MYSQL },
  { mysqlFrom: 80000, names: MYSQL_8 },
  { mysqlFrom: 90000, names: MYSQL_9 },
  { mysqlFrom: 50700, mysqlUntil: 80000, mariadbFrom: 100600, names: OLD },
  { mariadbFrom: 100600, names: MARIADB },
  { mariadbFrom: 110400, names: MARIADB_11 },
  { mariadbFrom: 110800, names: MARIADB_11_8 },
  { mysqlFrom: 50700, mariadbFrom: 110000, names: 'random_bytes' },
  { mysqlFrom: 80000, mariadbFrom: 110400, names: 'json_overlaps json_schema_valid' },
  { mysqlFrom: 50700, mysqlUntil: 90600, mariadbFrom: 100600, names: HASHES },
];

/**
 * Written with white space before the parenthesis and without IGNORE_SPACE, these are ordinary names, and a stored function may
 * bear them (manual, "Function Name Parsing and Resolution").
 */
export const SPACE_SENSITIVE = `adddate bit_and bit_or bit_xor cast count curdate curtime date_add date_sub extract group_concat
  json_arrayagg json_objectagg max mid min now position session_user st_collect std stddev stddev_pop stddev_samp subdate substr
  substring sum sysdate system_user trim var_pop var_samp variance`;

/** The groups, as bits, that every server which this may be has. Of an unknown version: MySQL since 8.0, MariaDB since 10.6. */
export function functionGroupsOf(flavor: 'mysql' | 'mariadb' | undefined, version: number | undefined): number {
  let bits = 0;
  for (const [index, group] of FUNCTION_GROUPS.entries()) {
    const inMysql = flavor === 'mariadb' || isInMysql(group, version);
    const inMariadb = flavor === 'mysql' || (group.mariadbFrom ?? Infinity) <= (version ?? 100600);
    if (inMysql && inMariadb) bits |= 1 << index;
  }
  return bits;
}

function isInMysql(group: FunctionGroup, version: number | undefined): boolean {
  const isThere = (group.mysqlFrom ?? Infinity) <= (version ?? 80000);
  return isThere && (group.mysqlUntil ?? Infinity) > (version ?? Number.MAX_SAFE_INTEGER);
}
