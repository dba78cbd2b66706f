/** What applications of every day send: 29 texts of 6 to 650 characters. */
export const TYPICAL: Readonly<Record<string, string>> = {
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

const rows = (count: number): string =>
  Array.from({ length: count }, (_, i) => `(${i}, 'a name with number ${i}', ${i}.25, NULL)`).join(', ');

/** Lists of values: what must be seen in them is seen in a text of any length. */
export const INSERT_100_KB = `INSERT INTO t (a, b, c, d) VALUES ${rows(2200)}`;
export const LONG: Readonly<Record<string, string>> = {
  'IN (100 numbers)': `SELECT id, name FROM t WHERE id IN (${Array.from({ length: 100 }, (_, i) => i * 37).join(',')})`,
  'INSERT of 100 rows': `INSERT INTO t (a, b, c, d) VALUES ${rows(100)}`,
  'INSERT of one string of 100 KB': `INSERT INTO t VALUES ('${'x'.repeat(100_000)}')`,
  'SELECT of 100 KB': `SELECT a FROM t WHERE ${'(b = 12 AND c IS NOT NULL) OR '.repeat(3400)} d = 1`,
};

/** `count` texts of `length` characters that all differ, none of which was used before. */
export function distinctTexts(count: number, length: number): readonly string[] {
  return Array.from({ length: count }, () => {
    const id = nextId++;
    const text = `SELECT id FROM t WHERE id=${id} AND note='y'`.padEnd(length - 1, ` OR id=${id} AND note='y'`);
    // One piece, as a text is that was used once; cut where no string is left open.
    const whole = text.slice(0, text.lastIndexOf("'") + 1).padEnd(length, ' ');
    return Buffer.from(whole, 'latin1').toString('latin1');
  });
}

let nextId = 100_000_000;
