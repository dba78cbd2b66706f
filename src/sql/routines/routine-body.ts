import { Token } from '../token.js';
import { type Locals, readDeclaration } from './routine-declarations.js';
import type { RoutineExpressions } from './routine-expressions.js';
import type { RoutineToken, RoutineTokens } from './routine-tokens.js';

/** Behind SET these mean something else than a variable. */
const SET_WORDS = new Set(
  `names charset character char password transaction role resource default global session local persist persist_only
  statement`.split(/\s+/),
);

/** Deeper than anybody writes. */
const DEEPEST = 100;

/** Reads the statements of a body. What it does not know, it refuses: every statement must be one of those below. */
export class RoutineBody {
  readonly #tokens: RoutineTokens;
  readonly #expressions: RoutineExpressions;
  #depth = 0;

  constructor(tokens: RoutineTokens, expressions: RoutineExpressions) {
    this.#tokens = tokens;
    this.#expressions = expressions;
  }

  /**
   * The whole body, from the current token to the end of the text.
   *
   * @throws NotARead
   */
  read(parameters: ReadonlySet<string>): void {
    this.#readBare(new Set(parameters));
    this.#tokens.acceptKind(Token.Semicolon);
    if (this.#tokens.current.kind !== Token.End) this.#tokens.fail('something behind the body');
  }

  #readStatement(locals: Locals): void {
    if (++this.#depth > DEEPEST) this.#tokens.fail('statements too deep in one another');
    this.#readBare(locals);
    this.#tokens.expectKind(Token.Semicolon, 'a semicolon');
    this.#depth--;
  }

  #readBare(locals: Locals): void {
    const tokens = this.#tokens;
    this.#skipLabel();
    const { word } = tokens.current;
    if (word === 'select' || word === 'with') return this.#readSelectInto(locals);
    tokens.at++;
    if (this.#readSimple(word, locals) || this.#readCompound(word, locals)) return;
    tokens.at--;
    tokens.fail('a statement that is not known to only read');
  }

  #readSimple(word: string, locals: Locals): boolean {
    switch (word) {
      case 'set':
        this.#readSet(locals);
        return true;
      case 'return':
        this.#expressions.readExpression();
        return true;
      case 'fetch':
        this.#readFetch(locals);
        return true;
      case 'leave':
      case 'iterate':
      case 'open':
      case 'close':
        this.#tokens.takeName();
        return true;
      case 'signal':
      case 'resignal':
        this.#skipSignal();
        return true;
      default:
        return false;
    }
  }

  #readCompound(word: string, locals: Locals): boolean {
    switch (word) {
      case 'begin':
        this.#readBlock(locals);
        return true;
      case 'if':
        this.#readIf(locals);
        return true;
      case 'case':
        this.#readCase(locals);
        return true;
      case 'while':
        this.#expressions.readExpression({ words: ['do'] });
        this.#tokens.expect('do');
        this.#readLoop('while', locals);
        return true;
      case 'loop':
        this.#readLoop('loop', locals);
        return true;
      case 'repeat':
        this.#readRepeat(locals);
        return true;
      default:
        return false;
    }
  }

  #skipLabel(): void {
    const tokens = this.#tokens;
    if (!isColon(tokens, tokens.peek(1))) return;
    tokens.takeName();
    tokens.at++;
    if (!['begin', 'loop', 'while', 'repeat'].includes(tokens.current.word)) tokens.fail('a labelled statement');
  }

  #readBlock(outer: Locals): void {
    const tokens = this.#tokens;
    const locals = new Set(outer);
    while (tokens.accept('declare')) {
      if (readDeclaration(tokens, this.#expressions, locals)) this.#readStatement(locals);
    }
    this.#readList(locals, ['end']);
    tokens.at++;
    this.#skipEndLabel();
  }

  /** Statements up to one of the words, where it begins none. */
  #readList(locals: Locals, ends: readonly string[]): void {
    while (!ends.includes(this.#tokens.current.word)) this.#readStatement(locals);
  }

  #skipEndLabel(): void {
    const { kind } = this.#tokens.current;
    if (kind === Token.Word || kind === Token.Quoted) this.#tokens.at++;
  }

  #readIf(locals: Locals): void {
    const [tokens, expressions] = [this.#tokens, this.#expressions];
    do {
      expressions.readExpression({ words: ['then'] });
      tokens.expect('then');
      this.#readList(locals, ['elseif', 'else', 'end']);
    } while (tokens.accept('elseif'));
    if (tokens.accept('else')) this.#readList(locals, ['end']);
    tokens.expect('end', 'if');
  }

  #readCase(locals: Locals): void {
    const [tokens, expressions] = [this.#tokens, this.#expressions];
    if (!tokens.is('when')) expressions.readExpression({ words: ['when'] });
    tokens.expect('when');
    do {
      expressions.readExpression({ words: ['then'] });
      tokens.expect('then');
      this.#readList(locals, ['when', 'else', 'end']);
    } while (tokens.accept('when'));
    if (tokens.accept('else')) this.#readList(locals, ['end']);
    tokens.expect('end', 'case');
  }

  #readLoop(kind: 'while' | 'loop', locals: Locals): void {
    this.#readList(locals, ['end']);
    this.#tokens.expect('end', kind);
    this.#skipEndLabel();
  }

  #readRepeat(locals: Locals): void {
    this.#readList(locals, ['until']);
    this.#tokens.expect('until');
    this.#expressions.readExpression({ words: ['end'] });
    this.#tokens.expect('end', 'repeat');
    this.#skipEndLabel();
  }

  /** `SET a = …, b = …`: a name that is no local one would be a system variable. */
  #readSet(locals: Locals): void {
    const [tokens, expressions] = [this.#tokens, this.#expressions];
    do {
      if (SET_WORDS.has(tokens.current.word)) tokens.fail('SET');
      this.#takeLocal(locals);
      if (!tokens.acceptKind(Token.Equals)) tokens.expectKind(Token.Assign, '=');
      expressions.readExpression({ comma: true });
    } while (tokens.acceptKind(Token.Comma));
  }

  #takeLocal(locals: Locals): void {
    const name = this.#tokens.takeName();
    if (locals.has(name)) return;
    this.#tokens.at--;
    this.#tokens.fail('is given a value and is no local variable');
  }

  #takeLocals(locals: Locals): void {
    do this.#takeLocal(locals);
    while (this.#tokens.acceptKind(Token.Comma));
  }

  #readFetch(locals: Locals): void {
    const tokens = this.#tokens;
    if (tokens.accept('next')) tokens.expect('from');
    else tokens.accept('from');
    tokens.takeName();
    tokens.expect('into');
    this.#takeLocals(locals);
  }

  /** A query whose one INTO names local variables only: what is left without it must be a read. */
  #readSelectInto(locals: Locals): void {
    const [tokens, expressions] = [this.#tokens, this.#expressions];
    const from = tokens.at;
    expressions.skipExpression({ words: ['into'] });
    const into = tokens.at;
    tokens.expect('into');
    this.#takeLocals(locals);
    const after = tokens.at;
    if (tokens.current.kind !== Token.Semicolon) expressions.skipExpression();
    expressions.check(`${tokens.text(from, into)} ${tokens.text(after, tokens.at)}`);
  }

  /** `SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = a`: names and literals, no expressions. */
  #skipSignal(): void {
    const tokens = this.#tokens;
    for (; tokens.current.kind > Token.Semicolon; tokens.at++) {
      const { kind } = tokens.current;
      const isSimple = kind <= Token.Number || kind === Token.Comma || kind === Token.Equals;
      if (!isSimple) tokens.fail('more than a name or a literal');
    }
  }
}

function isColon({ sql }: RoutineTokens, { start, end }: RoutineToken): boolean {
  return end === start + 1 && sql[start] === ':';
}
