import { existsSync } from 'node:fs';
import { ClusterStartError } from './errors.js';
import type { FindOptions } from './find-server.js';
import { unpackedFile, unpackGalera } from './unpack-server.js';

const VARIABLE = 'GALERA_PROVIDER';
const NAME = 'libgalera_smm.so';
const FOLDERS = ['/usr/lib/galera', '/usr/lib', '/usr/lib64/galera-4', '/usr/lib64/galera', '/usr/local/lib'];

/**
 * Finds Galera's provider, the library that MariaDB loads: the environment variable `GALERA_PROVIDER`, the usual folders, the
 * cache folder; at last, if allowed, unpacks it. Throws `ClusterStartError` (`SERVER_NOT_FOUND`, `INSTALL_FAILED`, and
 * `INVALID_OPTION` for a wrong variable).
 */
export async function findGalera({ install, log }: FindOptions): Promise<string> {
  const named = process.env[VARIABLE];
  if (named !== undefined && named !== '') {
    if (existsSync(named)) return named;
    throw new ClusterStartError('INVALID_OPTION', `${VARIABLE}=${named} does not exist`);
  }
  const unpacked = unpackedFile('galera');
  const found = [...FOLDERS.map((folder) => `${folder}/${NAME}`), unpacked].find((path) => existsSync(path));
  if (found !== undefined) return found;
  if (install) return unpackGalera(log);
  const message =
    `no ${NAME} found in ${VARIABLE}, ${FOLDERS.join(', ')} or ${unpacked}. Install Galera 4 (Debian: galera-4), set ${VARIABLE}, ` +
    'or allow unpacking it from Debian by { install: true } or MYSQL2_CLUSTER_INSTALL=1';
  throw new ClusterStartError('SERVER_NOT_FOUND', message);
}
