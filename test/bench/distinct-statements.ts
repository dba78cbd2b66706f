/** Characters of each statement. */
export const LENGTH = 80;

// `~` is lengthened until the text is long enough; `#` becomes a number of nine digits that no other text has.
const SHAPES: readonly string[] = [
  'SELECT id, name, price, ~ FROM products WHERE product_id = #',
  "SELECT * FROM ~ WHERE id = # AND state = 'paid' LIMIT 1",
  'SELECT o.id, c.~ FROM orders o JOIN users c ON c.id=o.cid WHERE o.id=#',
  'SELECT COUNT(*) AS n FROM ~ WHERE customer_id = # AND total > 99.50',
  'SELECT id, ~ FROM orders WHERE id > # ORDER BY id DESC LIMIT 20',
  "SELECT `User`.`id` FROM `~` `User` WHERE ((`User`.`id` = '#'))",
  'SELECT MAX(total), ~ FROM orders WHERE shop IN (1, 2, 3, #)',
  "UPDATE ~ SET name = 'Bob', age = 31 WHERE id = #",
  "INSERT INTO ~ (name, email, age) VALUES ('Ann', 'a@b.c', #)",
  'SELECT id, ~ FROM products WHERE id = # FOR UPDATE',
].map(lengthened);

const FIRST_NUMBER = 100_000_000;

/** Makes statements of {@link LENGTH} characters that never repeat: seven plain reads, one locking read, two writes in ten. */
export class DistinctStatements {
  #number = FIRST_NUMBER;

  /** The next ones, each a string of one piece, as a driver's caller would have it after it was used once. */
  next(count: number): string[] {
    return Array.from({ length: count }, () => {
      const number = this.#number++;
      const shape = SHAPES[number % SHAPES.length] ?? '';
      return Buffer.from(shape.replace('#', String(number)), 'latin1').toString('latin1');
    });
  }
}

function lengthened(shape: string): string {
  const missing = LENGTH - String(FIRST_NUMBER).length - (shape.length - 2);
  if (missing < 1) throw new RangeError(`'${shape}' is too long`);
  return shape.replace('~', 'column_or_table'.repeat(LENGTH).slice(0, missing));
}
