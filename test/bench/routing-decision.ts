import { route } from '../../src/routing/choose.js';
import { AskedForms } from '../../src/session/asked-forms.js';
import { Classifier } from '../../src/session/classifier.js';
import { intentOf } from '../../src/session/intent-of.js';
import type { SessionCore } from '../../src/session/session-core.js';
import type { LexicalOptions } from '../../src/sql/classification.js';
import { classify } from '../../src/sql/classify.js';
import type { BenchOptions } from './bench-options.js';
import { type Contender, cpuRounds } from './cpu-rounds.js';
import { DistinctStatements, LENGTH } from './distinct-statements.js';
import type { Row } from './row.js';
import { SilentSource } from './silent-source.js';
import { spread, spreadText } from './spread.js';

/** More tell nothing new without a server. */
const MOST_ROUNDS = 31;
const BAR_US = 1.5;
const STATEMENTS = 20_000;

/** Classify, intent and route, without I/O, of texts that were never seen before: each round has its own. */
export async function routingDecision({ rounds }: BenchOptions): Promise<Row[]> {
  const silent = new SilentSource('pool');
  const { source, settings } = silent;
  const lexical = { readOnlyFunctions: settings.readOnlyFunctions };
  const classifier = new Classifier(lexical, silent.topology);
  const core: SessionCore = {
    source,
    settings,
    classifier,
    asked: new AskedForms(),
    pinned: new Set(),
    rules: undefined,
    database: 'shop',
  };
  const texts = new DistinctStatements();
  const whole = onFreshTexts('decision', texts, (prepared) => decide(prepared, silent, core));
  const alone = onFreshTexts('classify', texts, (prepared) => classifyAll(prepared, lexical));
  const figures = await cpuRounds([whole, alone], { rounds: Math.min(rounds, MOST_ROUNDS), operations: STATEMENTS });
  await silent.close();
  const found = spread(figures.get(whole.name) ?? []);
  const classifying = spread(figures.get(alone.name) ?? []);
  const detail = `${spreadText(found, 2)}; classify alone: ${spreadText(classifying, 2)}; ${STATEMENTS} distinct texts a round`;
  const measure = `routing decision, ${LENGTH} characters, all distinct`;
  return [
    {
      measure,
      value: found.median,
      unit: 'µs',
      bar: BAR_US,
      detail,
      figures: { decision: found, classify: classifying },
    },
  ];
}

function onFreshTexts(name: string, texts: DistinctStatements, work: (prepared: readonly string[]) => void): Contender {
  let prepared: readonly string[] = [];
  return {
    name,
    prepare: (count) => {
      prepared = texts.next(count);
    },
    run: () => work(prepared),
  };
}

function decide(texts: readonly string[], silent: SilentSource, core: SessionCore): void {
  silent.refresh();
  const { topology } = silent;
  const context = silent.context();
  const session = { core, state: undefined };
  let used = 0;
  for (const text of texts) {
    const intent = intentOf(core.classifier.classify(text), undefined, session);
    if (route(topology, intent, context).type === 'use') used++;
  }
  if (used < texts.length) throw new Error(`${texts.length - used} statements found no node`);
}

function classifyAll(texts: readonly string[], lexical: LexicalOptions): void {
  let reads = 0;
  for (const text of texts) if (classify(text, lexical).access === 'read') reads++;
  if (reads !== (texts.length * 7) / 10) throw new Error(`${reads} of ${texts.length} statements are reads`);
}
