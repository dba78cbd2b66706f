// DATABASE_URL=mysql://app:password@db-1,db-2,db-3/shop npm run example examples/quick-start.ts
// Written for 'mysql2/promise': the import is all that was replaced.
import mysql, { type ResultSetHeader, type RowDataPacket } from 'mysql2-cluster/promise';

const pool = mysql.createPool(process.env.DATABASE_URL ?? 'mysql://root@127.0.0.1/test?cluster=true');
await pool.query('CREATE TABLE IF NOT EXISTS visits (id INT AUTO_INCREMENT PRIMARY KEY, page VARCHAR(50) NOT NULL)');

const rounds = Number(process.env.ROUNDS ?? 5);
for (let round = 1; round <= rounds; round++) {
  try {
    // The primary; while it is being replaced, this waits.
    const [visit] = await pool.execute<ResultSetHeader>('INSERT INTO visits (page) VALUES (?)', [`/page/${round}`]);
    // A replica that has that row already.
    const [rows] = await pool.query<RowDataPacket[]>('SELECT page FROM visits WHERE id = ?', [visit.insertId]);
    console.log(`visit ${visit.insertId} of round ${round}: ${rows[0]?.page}`);
  } catch (error) {
    // The write that was under way when the primary died may have run: it is not sent again.
    console.log(`no visit in round ${round}: ${(error as { code?: string }).code}`);
  }
}
const connection = await pool.getConnection();
await connection.beginTransaction();
const [[total]] = await connection.query<RowDataPacket[]>('SELECT COUNT(*) AS visits FROM visits FOR UPDATE');
await connection.commit();
connection.release();
console.log(`${total?.visits} visits`);
await pool.end();
