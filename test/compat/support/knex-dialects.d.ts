/** Knex's own client class, for which it has no types. */
declare module 'knex/lib/dialects/mysql2/index.js' {
  import { Knex } from 'knex';

  class Mysql2Client extends Knex.Client {
    _driver(): unknown;
  }
  export = Mysql2Client;
}
