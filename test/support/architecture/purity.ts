import ts from 'typescript';
import { isIn, purePaths, timerPaths } from './house.js';
import { lineOf, type Rule, type SourceText, type Violation, walk } from './source.js';

const timers = new Set(['setTimeout', 'setInterval', 'setImmediate']);
const impure = new Set([
  ...timers,
  'queueMicrotask',
  'performance',
  'process',
  'globalThis',
  'Promise',
  'EventEmitter',
]);
const impureMembers = new Set(['Date.now', 'Math.random', 'crypto.randomUUID', 'crypto.getRandomValues']);

/** Pure files have no timer, clock, chance, emitter, process or promise: what they need is passed in. */
export const purity: Rule = (files) =>
  files.filter((file) => isIn(file.path, purePaths)).flatMap((file) => look(file, (node) => impurity(node)));

/** Timers are started in a few places only; all others are given a clock. */
export const timerUse: Rule = (files) =>
  files
    .filter((file) => !isIn(file.path, timerPaths))
    .flatMap((file) =>
      look(file, (node) => {
        const name = globalName(node);
        return name !== undefined && timers.has(name) ? `uses ${name}: only ${timerPaths.join(', ')} may` : undefined;
      }),
    );

function look(file: SourceText, find: (node: ts.Node) => string | undefined): Violation[] {
  const violations: Violation[] = [];
  walk(file, (node) => {
    const message = find(node);
    if (message !== undefined) violations.push({ path: file.path, line: lineOf(node), message });
  });
  return violations;
}

function impurity(node: ts.Node): string | undefined {
  if (node.kind === ts.SyntaxKind.AsyncKeyword || ts.isAwaitExpression(node)) return 'pure, but asynchronous';
  if (ts.isNewExpression(node) && node.expression.getText() === 'Date' && !node.arguments?.length)
    return 'pure, but reads the clock';
  if (ts.isPropertyAccessExpression(node) && impureMembers.has(node.getText()))
    return `pure, but uses ${node.getText()}`;
  const name = globalName(node);
  return name !== undefined && impure.has(name) ? `pure, but uses ${name}` : undefined;
}

/** The name of an identifier that stands for itself: not a member (`a.process`) and not a key (`{ process: 1 }`). */
function globalName(node: ts.Node): string | undefined {
  if (!ts.isIdentifier(node)) return undefined;
  const { parent } = node;
  const isMember = ts.isPropertyAccessExpression(parent) && parent.name === node;
  const isKey =
    (ts.isPropertyAssignment(parent) || ts.isClassElement(parent) || ts.isTypeElement(parent)) && parent.name === node;
  return isMember || isKey ? undefined : node.text;
}
