import fc from 'fast-check';
import { expect, test } from 'vitest';
import { GtidSet } from '../../../src/gtid/gtid-set.js';
import { Watermark } from '../../../src/gtid/watermark.js';
import { gtids, uuid } from '../topology/build.js';

const A = uuid('A');

function watermark(...entries: readonly string[]): Watermark {
  const mark = new Watermark();
  mark.add(entries);
  return mark;
}

test('a new one needs nothing', () => {
  expect(new Watermark().need).toBeUndefined();
});

test('what an OK packet tells joins it, ranges too', () => {
  expect(watermark(`${A}:5`, `${A}:6-8`).need?.gtids.toString()).toBe(`${A}:5-8`);
});

test('holds every GTID that was told, in whatever order and of whatever servers, whenever it is asked', () => {
  const told = fc.tuple(fc.constantFrom(A, uuid('B')), fc.integer({ min: 1, max: 150 }));
  fc.assert(
    fc.property(fc.array(fc.tuple(told, fc.boolean()), { maxLength: 300 }), (entries) => {
      const mark = new Watermark();
      let all = GtidSet.empty;
      for (const [[origin, number], asked] of entries) {
        mark.add([`${origin}:${number}`]);
        all = all.union(GtidSet.parse(`${origin}:${number}`));
        if (asked && number % 10 === 0) expect(mark.need?.gtids.equals(all)).toBe(true);
      }
      expect(mark.need?.gtids.toString() ?? '').toBe(all.toString());
    }),
  );
});

test('what was told and not asked for yet is recalled as well', () => {
  const mark = watermark(`${A}:5`);
  mark.recall(50);
  expect(mark.need).toEqual({ gtids: gtids('A:5'), unknownSince: 50 });
});

test('the need is one frozen object until something changes', () => {
  const mark = watermark(`${A}:5`);
  const { need } = mark;
  mark.add([`${A}:5`]);
  mark.prune(GtidSet.empty);
  expect(mark.need).toBe(need);
  expect(Object.isFrozen(need)).toBe(true);
  mark.add([`${A}:6`]);
  expect(mark.need).not.toBe(need);
});

test('a write without a GTID needs the primary until a sample that was sent after it', () => {
  const mark = new Watermark();
  mark.addUnknown(100);
  expect(mark.need?.unknownSince).toBe(100);
  expect(mark.settle({ sentAt: 99, executed: gtids('A:1-9') })).toBe(false);
  expect(mark.need?.unknownSince).toBe(100);
  expect(mark.settle({ sentAt: 101, executed: gtids('A:1-10') })).toBe(true);
  expect(mark.need).toEqual({ gtids: gtids('A:1-10'), unknownSince: undefined });
});

test('the last of several such writes counts', () => {
  const mark = new Watermark();
  mark.addUnknown(100);
  mark.addUnknown(200);
  mark.addUnknown(150);
  expect(mark.need?.unknownSince).toBe(200);
  expect(mark.settle({ sentAt: 160, executed: gtids('A:1-10') })).toBe(false);
});

test('a sample does not join while nothing is unknown', () => {
  const mark = watermark(`${A}:5`);
  expect(mark.settle({ sentAt: 1, executed: gtids('A:1-10') })).toBe(false);
  expect(mark.need?.gtids.transactions).toBe(1);
});

test('what every reader has is forgotten', () => {
  const mark = watermark(`${A}:5-8`);
  mark.prune(gtids('A:1-6'));
  expect(mark.need?.gtids.toString()).toBe(`${A}:7-8`);
  mark.prune(gtids('A:1-8'));
  expect(mark.need).toBeUndefined();
});

test('pruning keeps an unknown write', () => {
  const mark = watermark(`${A}:5`);
  mark.addUnknown(7);
  mark.prune(gtids('A:1-8'));
  expect(mark.need).toEqual({ gtids: GtidSet.empty, unknownSince: 7 });
});

test('a watermark of many pieces becomes the sample that holds it', () => {
  const mark = new Watermark();
  for (let number = 1; number <= 131; number += 2) mark.add([`${A}:${number}`]);
  mark.compact({ executed: gtids('A:1-100') });
  expect(mark.need?.gtids.intervals).toBe(66);
  mark.compact({ executed: gtids('A:1-200') });
  expect(mark.need?.gtids.toString()).toBe(`${A}:1-200`);
});

test('a small one is left as it is', () => {
  const mark = watermark(`${A}:5`, `${A}:7`);
  mark.compact({ executed: gtids('A:1-200') });
  expect(mark.need?.gtids.transactions).toBe(2);
});

test('what no node will ever have is dropped, and who waits learns of it', () => {
  const mark = watermark(`${A}:5-8`);
  const begun = mark.need!;
  mark.drop(gtids('A:7-8'));
  expect(mark.need?.gtids.toString()).toBe(`${A}:5-6`);
  expect(mark.since(begun, 0)).toBe(mark.need);
});

test('another primary: who waits takes what is needed by then; nothing comes of nothing', () => {
  const mark = watermark(`${A}:5`);
  const begun = mark.need!;
  mark.renew();
  mark.add([`${A}:6`]);
  expect(mark.since(begun, 0)?.gtids.toString()).toBe(`${A}:5-6`);
  const unused = new Watermark();
  unused.renew();
  unused.recall(50);
  expect([unused.need, unused.gtids.isEmpty]).toEqual([undefined, true]);
});

test('what was forgotten is recalled as a write without a GTID, when anything was written at all', () => {
  const unused = new Watermark();
  unused.recall(50);
  expect(unused.need).toBeUndefined();
  const mark = watermark(`${A}:5`);
  mark.prune(gtids('A:1-5'));
  expect(mark.need).toBeUndefined();
  mark.recall(50);
  expect(mark.need).toEqual({ gtids: GtidSet.empty, unknownSince: 50 });
  mark.settle({ sentAt: 51, executed: gtids('A:1-5') });
  expect(mark.need).toEqual({ gtids: gtids('A:1-5'), unknownSince: undefined });
});

test('MariaDB: positions', () => {
  const mark = new Watermark();
  mark.add(['0-1-5']);
  mark.add(['0-2-7']);
  expect(mark.need?.gtids.toString()).toBe('0-2-7');
});

test('MariaDB: what the new primary has written under the same number is another transaction', () => {
  const mark = new Watermark();
  mark.add(['0-1-101']);
  const lost = mark.gtids.minus(GtidSet.parse('0-2-101', 'mariadb'));
  mark.drop(lost);
  expect(lost.transactions).toBe(1);
  expect(String(lost)).toBe('0-1-101');
  expect(GtidSet.parse('0-2-101', 'mariadb').contains(mark.need!.gtids)).toBe(true);
});

test('GTIDs that mean nothing any more count as a write of unknown GTID, and only if there were any', () => {
  const mark = watermark(`${A}:5`);
  mark.recount(50);
  expect(mark.need).toEqual({ gtids: GtidSet.empty, unknownSince: 50 });
  mark.recount(40);
  expect(mark.need?.unknownSince).toBe(50);
  expect(mark.settle({ sentAt: 60, executed: gtids('B:1-3') })).toBe(true);
  expect(mark.need).toEqual({ gtids: gtids('B:1-3'), unknownSince: undefined });
  const unused = new Watermark();
  unused.recount(50);
  expect(unused.need).toBeUndefined();
});

test('what a read began with stays what it needs, however much is written meanwhile', () => {
  const mark = watermark(`${A}:5`);
  const begun = mark.need!;
  mark.add([`${A}:6`]);
  mark.addUnknown(100);
  expect(mark.since(begun, 0)).toBe(begun);
  mark.settle({ sentAt: 101, executed: gtids('A:1-9') });
  mark.prune(gtids('A:1-7'));
  expect(mark.since(begun, 0)).toBe(begun);
  mark.prune(gtids('A:1-9'));
  expect(mark.since(begun, 0)).toBeUndefined();
});

test('a read that began behind a write of unknown GTID needs what is known of it by now', () => {
  const mark = watermark(`${A}:5`);
  mark.addUnknown(100);
  const begun = mark.need!;
  mark.settle({ sentAt: 101, executed: gtids('A:1-9') });
  expect(mark.since(begun, 0)).toBe(mark.need);
});

test.each([
  ['is lost', (mark: Watermark) => mark.drop(gtids('A:1-5'))],
  ['means nothing any more', (mark: Watermark) => mark.recount(50)],
  ['and what was forgotten may be missing on a node that has come', (mark: Watermark) => mark.recall(50)],
  [
    'and what was forgotten may be missing on a node that has come, while a write is of unknown GTID anyway',
    (mark: Watermark) => {
      mark.addUnknown(60);
      mark.recall(50);
    },
  ],
])('what a read began with %s: it needs what is needed by now', (_what, change) => {
  const mark = watermark(`${A}:5-6`);
  const begun = mark.need!;
  change(mark);
  expect(mark.need).toBeDefined();
  expect(mark.since(begun, 0)).toBe(mark.need);
  const { era } = mark;
  const next = mark.need!;
  mark.add([`${A}:7`]);
  if (next.unknownSince === undefined) expect(mark.since(next, era)).toBe(next);
});
