/**
 * What classifying costs, without I/O and without a cache: CPU time (wall clock means little on a busy machine), medians of 9
 * batches after warm-up.
 *
 * Run: npx esbuild test/bench/classify.ts --bundle --platform=node --format=esm --outfile=.cache/classify.mjs && node .cache/classify.mjs
 */

import type { LexicalOptions } from '../../src/sql/classification.js';
import { classify } from '../../src/sql/classify.js';
import { tablesOf } from '../../src/sql/tables/tables-of.js';

const options: LexicalOptions = { flavor: 'mysql', serverVersion: '9.7.4' };
const BATCHES = 9;

/** The statements of FACTS §1.2, the two long lists apart. */
const typical: Readonly<Record<string, string>> = {
  'SELECT 1': 'SELECT 1',
  'point select ?': 'SELECT id, k, name, pad FROM t WHERE id = ? LIM',
  'point select literal': "SELECT id, name, email, created_at FROM users WHERE id = 12345 AND status = 'active'",
  'ORM point select':
    'SELECT `User`.`id` AS `User_id`, `User`.`name` AS `User_name`, `User`.`email` AS `User_email`, `User`.`createdAt` AS `User_createdAt`, `User`.`status` AS `User_status` FROM `users` `User` WHERE ((`User`.`id` = ?)) AND ( `User`.`deletedAt` IS NULL ) LIMIT 1',
  'range + order + limit': 'SELECT id, total FROM orders WHERE created_at BETWEEN ? AND ? ORDER BY total DESC LIMIT 20',
  'count where in/and':
    "SELECT COUNT(*) AS n FROM orders WHERE customer_id = 42 AND status IN ('new', 'paid', 'shipped') AND total > 100.50 AND a=1",
  '2-join':
    'SELECT o.id, o.total, c.name FROM orders o JOIN customers c ON c.id = o.customer_id WHERE o.id = 12345 AND 1',
  '6-join + 3 subqueries + group':
    "SELECT c.id, c.name, COUNT(DISTINCT o.id) AS orders, SUM(i.quantity * i.price) AS revenue, MAX(o.created_at) AS last_order, (SELECT COUNT(*) FROM tickets t WHERE t.customer_id = c.id) AS tickets FROM customers c LEFT JOIN orders o ON o.customer_id = c.id LEFT JOIN items i ON i.order_id = o.id JOIN products p ON p.id = i.product_id JOIN categories g ON g.id = p.category_id LEFT JOIN addresses a ON a.customer_id = c.id WHERE c.country IN (SELECT code FROM countries WHERE active = 1) AND EXISTS (SELECT 1 FROM logins l WHERE l.customer_id = c.id AND l.at > '2026-01-01') GROUP BY c.id, c.name HAVING revenue > 1000 ORDER BY revenue DESC LIMIT 50",
  'group by':
    'SELECT status, COUNT(*), AVG(total), MAX(created_at) FROM orders WHERE created_at > ? GROUP BY status ORDER BY 2 DESC',
  CTE: "WITH recent AS (SELECT customer_id, SUM(total) AS s FROM orders WHERE created_at > '2026-01-01' GROUP BY customer_id) SELECT c.name, r.s FROM recent r JOIN customers c ON c.id = r.customer_id WHERE r.s > 10",
  'recursive CTE':
    'WITH RECURSIVE tree (id, parent_id, name, depth) AS (SELECT id, parent_id, name, 0 FROM categories WHERE parent_id IS NULL UNION ALL SELECT c.id, c.parent_id, c.name, t.depth + 1 FROM categories c JOIN tree t ON t.id = c.parent_id) SELECT * FROM tree LIMIT 9',
  window:
    'SELECT id, customer_id, total, ROW_NUMBER() OVER (PARTITION BY customer_id ORDER BY total DESC) AS n FROM orders WHERE id < 1000',
  'FOR UPDATE': 'SELECT id, stock FROM products WHERE id = 5 FOR UPDATE',
  'SKIP LOCKED': "SELECT id FROM jobs WHERE state = 'new' ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED",
  'JSON -> ->>': "SELECT id, doc->'$.name', doc->>'$.address.city' FROM docs WHERE doc->>'$.status' = 'active' LIM",
  JSON_TABLE:
    "SELECT j.* FROM docs, JSON_TABLE(doc, '$[*]' COLUMNS (id INT PATH '$.id', n VARCHAR(20) PATH '$.n')) AS j",
  union: 'SELECT id, name FROM customers WHERE id < 10 UNION ALL SELECT id, title FROM products WHERE id < 10 LIMIT',
  fulltext: "SELECT id, title FROM posts WHERE MATCH (title, body) AGAINST ('+mysql' IN BOOLEAN MODE)",
  case: "SELECT id, CASE WHEN total > 100 THEN 'big' WHEN total > 10 THEN 'mid' ELSE 'small' END AS size FROM orders WHERE customer_id = 42",
  'insert 1 row': "INSERT INTO users (name, email, age) VALUES ('Ann', 'a@b.c', 30)",
  upsert: 'INSERT INTO counters (id, n) VALUES (?, 1) ON DUPLICATE KEY UPDATE n = n + 1',
  update: "UPDATE users SET name = 'Bob', age = 31 WHERE id = 12345 AND x",
  'update join':
    'UPDATE orders o JOIN customers c ON c.id = o.customer_id SET o.region = c.region WHERE c.region IS NOT NULL',
  delete: 'DELETE FROM sessions WHERE expires_at < NOW() LIMIT 1000',
  'START TRANSACTION': 'START TRANSACTION',
  COMMIT: 'COMMIT',
  SET: "SET SESSION sql_mode = 'STRICT_TRANS_TABLES', a=1",
  CALL: 'CALL place_order(?)',
  'NOT EXISTS': 'SELECT c.id FROM customers c WHERE NOT EXISTS (SELECT 1 FROM orders o WHERE o.customer_id = c.id)',
};

const long: Readonly<Record<string, string>> = {
  'IN (100 ints)': `SELECT id, name FROM t WHERE id IN (${Array.from({ length: 100 }, (_, i) => i * 37).join(',')})`,
  'insert 100 rows': `INSERT INTO t (a, b, c) VALUES ${Array.from({ length: 100 }, (_, i) => `(${i}, 'name number ${i}', ${i * 1.5})`).join(', ')}`,
  '100 KB insert, 2200 rows': `INSERT INTO t (a, b, c) VALUES ${Array.from({ length: 2200 }, (_, i) => `(${i}, 'a name with number ${i}', ${i}.25, NULL)`).join(', ')}`,
  '100 KB insert, one string': `INSERT INTO t VALUES ('${'x'.repeat(100_000)}')`,
  '16 MB of backslashes': `SELECT '${'\\\\'.repeat(8_000_000)}'`,
};

/** CPU nanoseconds of this process. */
function now(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) * 1000;
}

/** Nanoseconds of one call: the median over batches, each long enough for the clock. */
function measure(sql: string): number {
  const calls = Math.max(1, Math.min(200_000, Math.floor(4_000_000 / (sql.length * 5 + 100))));
  for (let call = 0; call < calls; call++) classify(sql, options);
  const times: number[] = [];
  for (let batch = 0; batch < BATCHES; batch++) {
    const begin = now();
    for (let call = 0; call < calls; call++) classify(sql, options);
    times.push((now() - begin) / calls);
  }
  return times.sort((a, b) => a - b)[BATCHES >> 1]!;
}

function report(name: string, sql: string): number {
  const ns = measure(sql);
  const perCharacter = (ns / sql.length).toFixed(2);
  console.log(
    `${name.padEnd(32)} ${String(sql.length).padStart(9)} chars ${ns.toFixed(0).padStart(10)} ns ${perCharacter.padStart(7)} ns/char  ${classify(sql, options).access}`,
  );
  return ns;
}

/** Distinct texts, so that nothing can be remembered: nanoseconds a character. */
function measureDistinct(count: number, length: number): number {
  const texts = Array.from({ length: count }, (_, i) => {
    const head = `SELECT id, name FROM users WHERE id = ${i} AND note = `;
    return `${head}'${'y'.repeat(8)}'${` OR id = ${i}`.repeat(Math.ceil(length / 12))}`.slice(0, length);
  });
  for (const text of texts.slice(0, 50)) classify(text, options);
  const begin = now();
  for (const text of texts) classify(text, options);
  return (now() - begin) / (count * length);
}

for (const sql of Object.values(typical)) measure(sql);
const times = Object.entries(typical).map(([name, sql]) => report(name, sql));
console.log(
  `mean over ${times.length} typical statements: ${(times.reduce((a, b) => a + b, 0) / times.length).toFixed(0)} ns (bar 1000)`,
);
for (const [name, sql] of Object.entries(long)) report(name, sql);
console.log(`5,000 distinct texts of 20 KB: ${measureDistinct(5000, 20_000).toFixed(2)} ns/char`);
console.log(`20,000 distinct texts of 80 characters: ${measureDistinct(20_000, 80).toFixed(2)} ns/char`);

/** Mean nanoseconds of naming the tables of the typical statements, their classification included. */
function measureTables(rounds: number): number {
  const texts = Object.values(typical);
  for (let round = 0; round < rounds; round++) for (const sql of texts) tablesOf(sql, options);
  const times = Array.from({ length: BATCHES }, () => {
    const begin = now();
    for (let round = 0; round < rounds; round++) for (const sql of texts) tablesOf(sql, options);
    return (now() - begin) / (rounds * texts.length);
  });
  return times.sort((a, b) => a - b)[BATCHES >> 1]!;
}

console.log(`tables of the typical statements, on demand: mean ${measureTables(3000).toFixed(0)} ns (bar 3000)`);
