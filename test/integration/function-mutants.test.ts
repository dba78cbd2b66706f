import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise';
import { expect, it } from 'vitest';
import { readRoutine } from '../../src/sql/routines/read-routine.js';
import { count } from '../support/counts.js';
import { randomOf } from '../support/random.js';
import { filesOf } from '../support/routine-cases.js';
import { lab, TEST_MS } from './support/lab.js';

const here = lab({ replicas: 1 });

const SCHEMA = [
  'SET SESSION sql_log_bin = 0',
  "SET SESSION sql_mode = ''",
  'SET SESSION max_execution_time = 200',
  'CREATE TABLE shop.t (id INT PRIMARY KEY, a INT, b INT, name VARCHAR(20))',
  "INSERT INTO shop.t VALUES (1, 1, 2, 'x'), (2, NULL, 4, 'y')",
  'CREATE TABLE shop.log (id INT AUTO_INCREMENT PRIMARY KEY, n INT) ENGINE = InnoDB',
  'CREATE PROCEDURE shop.p() SET @x = 5',
  'SET @x = 0, @y = 0, @n = 0',
];

/** Mutants of bodies: whatever the server takes, and we hold to be a read, must be one. */
it('no function that does more than read is taken for one that only reads', { timeout: TEST_MS }, async () => {
  const connection = await open();
  const bodies = filesOf()
    .flatMap(([, cases]) => cases)
    .filter(({ parameters, flavor, sqlMode, charset, body }) => !parameters && !flavor && !sqlMode && !charset && body)
    .map(({ body }) => body);
  const random = randomOf(Number(process.env.SEED ?? 1));
  const counts = { valid: 0, reads: 0 };
  const wrong: string[] = [];
  for (let made = 0; made < Number(process.env.MUTANTS ?? count(4000, 50_000)); made++) {
    const body = mutate(bodies, random);
    const definition = await definitionOf(connection, body);
    if (definition === undefined) continue;
    counts.valid++;
    const routine = { schema: 'shop', name: 'f', definition, sqlMode: '', charset: 'utf8mb4', dataAccess: '' };
    if (!readRoutine(routine, { serverVersion: '9.7.0', flavor: 'mysql' }).reads) continue;
    counts.reads++;
    wrong.push(...(await callIt(connection)).map((what) => `${what}: ${body}`));
  }
  console.log(JSON.stringify(counts));
  connection.destroy();
  expect(wrong).toEqual([]);
  expect(counts.reads).toBeGreaterThan(50);
  expect(counts.valid - counts.reads).toBeGreaterThan(50);
});

async function open(): Promise<Connection> {
  const { host, serverPort: port } = here.primary;
  const { user, password } = here.cluster.credentials.root;
  const connection = await createConnection({ host, port, user, password, database: 'shop' });
  for (const sql of SCHEMA) await connection.query(sql);
  return connection;
}

/** What the server makes of it, undefined when it does not take it. */
async function definitionOf(connection: Connection, body: string): Promise<string | undefined> {
  await connection.query('DROP FUNCTION IF EXISTS f');
  try {
    await connection.query(`CREATE FUNCTION f() RETURNS VARCHAR(50) DETERMINISTIC ${body}`);
  } catch {
    return undefined;
  }
  const [[row]] = await connection.query<RowDataPacket[]>('SHOW CREATE FUNCTION f');
  return row?.['Create Function'];
}

const STATE = `SELECT @x AS x, @y AS y, @n AS n, @@session.sort_buffer_size AS size, @@session.sql_log_bin AS log,
  LAST_INSERT_ID() AS id, IS_USED_LOCK('x') AS locked,
  (SELECT COUNT(*) FROM performance_schema.data_locks WHERE LOCK_TYPE = 'RECORD') AS row_locks`;

/** Calls it as on a lease of a replica, and says what it did that no read does. */
async function callIt(connection: Connection): Promise<string[]> {
  const state = async (): Promise<string> => JSON.stringify((await connection.query(STATE))[0]);
  const before = await state();
  const wrong: string[] = [];
  await connection.query('START TRANSACTION READ ONLY');
  const errno = await connection.query('SELECT f()').then(
    () => 0,
    (error: { errno?: number }) => error.errno ?? 0,
  );
  if ([1290, 1792, 1836].includes(errno)) wrong.push(`refused with ${errno}`);
  if ((await state()) !== before) wrong.push('changed the state');
  await connection.query('COMMIT');
  return wrong;
}

const PIECES =
  `INSERT INTO log (n) VALUES (1);|SET @x = 1;|DO GET_LOCK('x', 0);|CALL p();|CALL p;|DELETE FROM log;|;|THEN|ELSE|END|BEGIN
  |CASE|WHEN 1 THEN|END IF;|IF 1 THEN|END CASE|LOOP|DO|l:|l1:BEGIN|RETURN 1;|SELECT a INTO @x FROM t LIMIT 1;|INTO @x|FOR UPDATE|, @x = 1
  |'|"|\`|''|\\'|\\|/*|*/|-- |#|\n|(|)|GET_LOCK('x', 0)|@x := 1|LAST_INSERT_ID(9)|DECLARE|DECLARE v INT DEFAULT 1;|SET v = 1;|REPEAT
  |UNTIL 1 END REPEAT;|HANDLER FOR|CONTINUE HANDLER FOR NOT FOUND|, sort_buffer_size = 99999|SET sort_buffer_size = 99999;|.|x.|+|=|:=
  |AS end|AS \`then\`|1 AS begin|(SELECT 1 AS do)`.split(/\s*\|/);

function mutate(bodies: readonly string[], random: () => number): string {
  const pick = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)] as T;
  const words = pick(bodies).match(/'[^']*'|\w+|\s+|[^\w\s]/g) ?? [];
  for (let edits = 1 + Math.floor(random() * 3); edits > 0; edits--) {
    const starts = words.flatMap((word, index) => (/^(;|BEGIN|THEN|ELSE|DO|LOOP)$/.test(word) ? index + 1 : []));
    const at = random() < 0.5 && starts.length > 0 ? pick(starts) : Math.floor(random() * (words.length + 1));
    const kind = random();
    if (kind < 0.6) words.splice(at, 0, ' ', pick(PIECES), ' ');
    else if (kind < 0.75) words.splice(at, 1 + Math.floor(random() * 4));
    else {
      // Another body's statements behind this one's.
      const others = pick(bodies).match(/'[^']*'|\w+|\s+|[^\w\s]/g) ?? [];
      const from = Math.floor(random() * others.length);
      words.splice(at, 0, ' ', ...others.slice(from, from + 1 + Math.floor(random() * 12)), ' ');
    }
  }
  return words.join('');
}
