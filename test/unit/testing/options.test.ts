import { describe, expect, it } from 'vitest';
import type { ClusterOptions } from '../../../src/testing/index.js';
import { readOptions } from '../../../src/testing/options.js';

describe('readOptions', () => {
  it('fills in the defaults', () => {
    expect(readOptions({}, {})).toMatchObject({
      replicas: 2,
      flavor: 'mysql',
      backend: 'auto',
      semiSync: undefined,
      relay: true,
      install: false,
      databases: ['shop'],
      mysqldArgs: [],
      image: 'mysql:9.7',
      timeoutMs: 60_000,
    });
  });

  it('takes install and images from the environment, and options before it', () => {
    const env = { MYSQL2_CLUSTER_INSTALL: '1', MYSQL_IMAGE: 'mysql:8.4', MARIADB_IMAGE: 'mariadb:10.11' };
    expect(readOptions({}, env)).toMatchObject({ install: true, image: 'mysql:8.4' });
    expect(readOptions({ flavor: 'mariadb' }, env).image).toBe('mariadb:10.11');
    expect(readOptions({ install: false, image: 'own:1' }, env)).toMatchObject({ install: false, image: 'own:1' });
  });

  it('runs Galera with MariaDB, natively', () => {
    expect(readOptions({ galera: true }, {})).toMatchObject({ flavor: 'mariadb', backend: 'native', galera: true });
  });

  it('completes semiSync', () => {
    expect(readOptions({ semiSync: true }, {}).semiSync).toEqual({ timeoutMs: 5000, waitPoint: 'AFTER_SYNC' });
    expect(readOptions({ semiSync: { timeoutMs: 7 } }, {}).semiSync).toEqual({ timeoutMs: 7, waitPoint: 'AFTER_SYNC' });
  });

  it('completes groupReplication', () => {
    expect(readOptions({}, {}).groupReplication).toBeUndefined();
    expect(readOptions({ groupReplication: true }, {}).groupReplication).toEqual({ multiPrimary: false });
    expect(readOptions({ groupReplication: { multiPrimary: true } }, {}).groupReplication).toEqual({
      multiPrimary: true,
    });
  });

  it.each<[object, RegExp]>([
    [{ replica: 1 }, /unknown option 'replica'; known are replicas/],
    [{ replicas: -1 }, /replicas must be a whole number from 0 to 16, not -1/],
    [{ replicas: 1.5 }, /replicas must be/],
    [{ flavor: 'percona' }, /flavor must be one of 'mysql', 'mariadb', not 'percona'/],
    [{ backend: 'podman' }, /backend must be one of/],
    [{ databases: [] }, /at least one/],
    [{ databases: ['a`b'] }, /'a`b' is no plain name/],
    [{ timeoutMs: 10 }, /timeoutMs must be/],
    [{ semiSync: { timeoutMs: 0 } }, /semiSync.timeoutMs must be/],
    [{ groupReplication: true, flavor: 'mariadb' }, /groupReplication needs flavor 'mysql'/],
    [{ groupReplication: true, semiSync: true }, /exclude each other/],
    [{ groupReplication: true, replicas: 9 }, /replicas must be a whole number from 0 to 8/],
    [{ galera: true, flavor: 'mysql' }, /galera needs flavor 'mariadb'/],
    [{ galera: true, semiSync: true }, /galera and semiSync exclude each other/],
    [{ galera: true, backend: 'docker' }, /galera needs backend 'native'/],
  ])('refuses %j', (options, message) => {
    expect(() => readOptions(options as ClusterOptions, {})).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION', message: expect.stringMatching(message) }),
    );
  });
});
