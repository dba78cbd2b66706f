import type { Pool } from 'mysql2-cluster/promise';

export const CUSTOMERS = 200;
export const PRODUCTS = 20;
const PER_PRODUCT = 100_000;

/** Pieces on the shelves before the first order. */
export const INITIAL_STOCK = PRODUCTS * PER_PRODUCT;

const TABLES = [
  'CREATE TABLE customers (id INT PRIMARY KEY, name VARCHAR(40) NOT NULL, city VARCHAR(40) NOT NULL)',
  'CREATE TABLE stock (product INT PRIMARY KEY, name VARCHAR(40) NOT NULL, quantity INT NOT NULL)',
  `CREATE TABLE orders (
    id BIGINT PRIMARY KEY, customer INT NOT NULL, product INT NOT NULL, quantity INT NOT NULL,
    placed TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3), KEY (customer))`,
  // write_id is given by the application and not unique here: a write that is applied twice shows.
  `CREATE TABLE ledger (
    entry BIGINT AUTO_INCREMENT PRIMARY KEY, write_id BIGINT NOT NULL, what VARCHAR(20) NOT NULL, KEY (write_id))`,
];

const CITIES = ['Aarhus', 'Bologna', 'Cork', 'Dresden', 'Evora'];
const GOODS = ['kettle', 'lamp', 'chair', 'clock', 'basket'];

/** Makes the tables and fills them. */
export async function createShop(pool: Pool): Promise<void> {
  for (const table of TABLES) await pool.query(table);
  const customers = numbers(CUSTOMERS).map((id) => [id, `Customer ${id}`, CITIES[id % CITIES.length]]);
  await pool.query('INSERT INTO customers (id, name, city) VALUES ?', [customers]);
  const stock = numbers(PRODUCTS).map((id) => [id, `${GOODS[id % GOODS.length]} ${id}`, PER_PRODUCT]);
  await pool.query('INSERT INTO stock (product, name, quantity) VALUES ?', [stock]);
}

function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index + 1);
}
