import { expect, test } from 'vitest';
import { checkTlsNames } from '../../../src/api/tls-names.js';
import { parseOptions } from '../../../src/options.js';

const named = parseOptions({ nodes: [{ host: '10.0.0.1', tlsName: 'db-1' }, 'db-2'] });

test.each([
  [{}],
  [{ ssl: {} }],
  [{ ssl: { verifyIdentity: false } }],
  [{ ssl: { verifyIdentity: true, rejectUnauthorized: false } }],
  [{ ssl: 'Amazon RDS' }],
  [{ ssl: { verifyIdentity: true }, stream: () => undefined }],
])('a name that would not be checked is refused: %j', (connection) => {
  expect(() => checkTlsNames(named, connection)).toThrow(expect.objectContaining({ option: 'cluster.nodes.tlsName' }));
  expect(() => checkTlsNames(parseOptions({ nodes: ['db-1'] }), connection)).not.toThrow();
});

test('a name that is checked is not', () => {
  expect(() => checkTlsNames(named, { ssl: { verifyIdentity: true } })).not.toThrow();
});
