import { describe, expect, it } from 'vitest';
import { textOfLogs } from '../../../src/testing/docker-server.js';
import { readVersion } from '../../../src/testing/find-server.js';
import { countGtids, sumSequences } from '../../../src/testing/gtid-count.js';
import { listOf, sourcesOf } from '../../../src/testing/unpack-server.js';

const A = '3e11fa47-71ca-11e1-9e33-c80aa9429562';

describe('countGtids', () => {
  it.each([
    ['', 0],
    [`${A}:1`, 1],
    [`${A}:1-5:7`, 6],
    [`${A}:1-3:5,\n4a3b${A.slice(4)}:2`, 5],
    [`${A}:1-2:tag:1-10:other_tag:4`, 13],
  ])('%j is %i', (set, count) => expect(countGtids(set)).toBe(count));
});

describe('sumSequences', () => {
  it.each([
    ['', 0],
    ['0-1-12', 12],
    ['0-1-12,1-2-3', 15],
  ])('%j is %i', (position, sum) => expect(sumSequences(position)).toBe(sum));
});

describe('readVersion', () => {
  const mysql = '/usr/sbin/mysqld  Ver 9.7.4-2 for Linux on x86_64 ((Debian))';
  const mariadb = '/usr/sbin/mysqld  Ver 10.11.18-MariaDB-0+deb12u1 for debian-linux-gnu on x86_64 (Debian 12)';
  it.each([
    ['mysql', mysql, '9.7.4-2'],
    ['mysql', mariadb, undefined],
    ['mysql', 'mysqld  Ver 8.0.25 for Linux', undefined],
    ['mysql', 'mysqld  Ver 8.0.26 for Linux', '8.0.26'],
    ['mysql', 'mysqld: error while loading shared libraries', undefined],
    ['mariadb', mariadb, '10.11.18-MariaDB-0+deb12u1'],
    ['mariadb', mysql, undefined],
  ] as const)('%s in %j is %j', (flavor, output, version) => expect(readVersion(flavor, output)).toBe(version));
});

describe('apt sources', () => {
  const debian =
    'Types: deb\nURIs: http://deb.debian.org/debian\nSuites: bookworm bookworm-updates\nComponents: main\nSigned-By: /k.gpg';
  const security =
    'Types: deb\nURIs: http://deb.debian.org/debian-security\nSuites: bookworm-security\nComponents: main';

  it('keeps the archive of debian.sources and replaces the suite', () => {
    expect(sourcesOf(`${debian}\n\n${security}\n`, 'sid')).toBe(
      `${debian.replace('bookworm bookworm-updates', 'sid')}\n`,
    );
    expect(sourcesOf(`${debian}\n\n${security}\n`, undefined)).toBe(`${debian}\n`);
  });

  it('does the same with sources.list', () => {
    const lines = [
      '# comment',
      'deb [signed-by=/k.gpg] http://deb.debian.org/debian bookworm main',
      'deb http://deb.debian.org/debian-security bookworm-security main',
    ];
    expect(listOf(lines, 'sid')).toBe('deb [signed-by=/k.gpg] http://deb.debian.org/debian sid main\n');
    expect(listOf(lines, undefined)).toBe(`${lines[1]}\n`);
  });
});

describe('textOfLogs', () => {
  it('takes the text out of the frames', () => {
    const frame = (text: string): Buffer =>
      Buffer.concat([Buffer.from([1, 0, 0, 0, 0, 0, 0, text.length]), Buffer.from(text)]);
    expect(textOfLogs(Buffer.concat([frame('one\n'), frame('two\n')]))).toBe('one\ntwo');
  });
});
