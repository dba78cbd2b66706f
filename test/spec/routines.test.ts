import { describe, expect, it } from 'vitest';
import { readRoutine } from '../../src/sql/routines/read-routine.js';
import { definitionOf, filesOf, type RoutineCase, routineOf } from '../support/routine-cases.js';

describe.each(filesOf())('%s', (_file, cases) => {
  it.each(cases)('$body', (example: RoutineCase) => {
    const reading = readRoutine(routineOf(example, definitionOf(example)), {
      serverVersion: example.serverVersion ?? '9.7.0',
      flavor: example.flavor ?? 'mysql',
    });
    const told = reading.reads ? { reads: true, calls: reading.calls } : { reads: false };
    const wanted = example.reads ? { reads: true, calls: example.calls ?? [] } : { reads: false };
    expect(told, reading.reads ? 'it reads' : reading.because).toEqual(wanted);
    if (!reading.reads) expect(reading.because).toContain(example.says ?? '');
  });
});

it('has at least 60 bodies, of both kinds', () => {
  const cases = filesOf().flatMap(([, found]) => found);
  expect(cases.length).toBeGreaterThanOrEqual(60);
  expect(cases.filter(({ reads }) => reads).length).toBeGreaterThan(25);
  expect(cases.filter(({ reads }) => !reads).length).toBeGreaterThan(25);
});
