/** A value in a rules file. */
export type RuleValue = string | readonly RuleValue[];

/** One call, such as `prefix_rule(pattern=["git", "push"])`. `line` counts from 1. */
export interface RuleCall {
  readonly name: string;
  readonly arguments: ReadonlyMap<string, RuleValue>;
  readonly line: number;
}

/** A fault in a rules file, and where it is. */
export class RuleFault extends Error {
  override readonly name = 'RuleFault';
  readonly line: number;

  constructor(message: string, line: number) {
    super(message);
    this.line = line;
  }
}

interface Token {
  readonly type: 'name' | 'string' | 'sign' | 'end';
  readonly text: string;
  readonly line: number;
}

/** Escapes of JSON, in which keel writes the words that it remembers, and of a single quote. */
const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['n', '\n'],
  ['t', '\t'],
  ['r', '\r'],
  ['b', '\b'],
  ['f', '\f'],
  ...['"', "'", '\\', '/'].map((sign): [string, string] => [sign, sign]),
]);
const LEXEME = /[ \t\r]+|\n|#[^\n]*|[A-Za-z_]\w*|[()[\],=]|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'/y;

/**
 * Reads the calls of a rules file: the part of Starlark that rules are written in, calls with keyword arguments, strings and
 * lists.
 * @throws RuleFault
 */
export function readCalls(text: string): RuleCall[] {
  const reader = new CallReader(tokensOf(text));
  return reader.calls();
}

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  let line = 1;
  LEXEME.lastIndex = 0;
  while (LEXEME.lastIndex < text.length) {
    const at = LEXEME.lastIndex;
    const lexeme = LEXEME.exec(text)?.[0];
    if (lexeme === undefined) throw new RuleFault(`unexpected ${JSON.stringify(text[at])}`, line);
    if (lexeme === '\n') line += 1;
    else if (/^[A-Za-z_]/.test(lexeme)) tokens.push({ type: 'name', text: lexeme, line });
    else if (/^["']/.test(lexeme)) tokens.push({ type: 'string', text: unescaped(lexeme, line), line });
    else if (/^[()[\],=]/.test(lexeme)) tokens.push({ type: 'sign', text: lexeme, line });
  }
  return [...tokens, { type: 'end', text: 'the end of the file', line }];
}

function unescaped(lexeme: string, line: number): string {
  return lexeme.slice(1, -1).replaceAll(/\\(u[0-9a-fA-F]{4}|.)/g, (_, code: string) => {
    if (code.length === 5) return String.fromCharCode(Number.parseInt(code.slice(1), 16));
    const known = ESCAPES.get(code);
    if (known === undefined) throw new RuleFault(`unknown escape \\${code}`, line);
    return known;
  });
}

class CallReader {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  calls(): RuleCall[] {
    const calls: RuleCall[] = [];
    while (this.#next.type !== 'end') calls.push(this.#call());
    return calls;
  }

  get #next(): Token {
    return this.#tokens[this.#at] ?? { type: 'end', text: 'the end of the file', line: 0 };
  }

  #call(): RuleCall {
    const { text: name, line } = this.#take('name');
    this.#sign('(');
    const values = new Map<string, RuleValue>();
    while (!this.#isSign(')')) {
      const { text: key, line: at } = this.#take('name');
      if (values.has(key)) throw new RuleFault(`${key} is given twice`, at);
      this.#sign('=');
      values.set(key, this.#value());
      if (!this.#isSign(')')) this.#sign(',');
    }
    this.#sign(')');
    return { name, arguments: values, line };
  }

  #value(): RuleValue {
    if (this.#next.type === 'string') return this.#take('string').text;
    this.#sign('[');
    const items: RuleValue[] = [];
    while (!this.#isSign(']')) {
      items.push(this.#value());
      if (!this.#isSign(']')) this.#sign(',');
    }
    this.#sign(']');
    return items;
  }

  #isSign(text: string): boolean {
    return this.#next.type === 'sign' && this.#next.text === text;
  }

  #sign(text: string): void {
    if (!this.#isSign(text)) throw new RuleFault(`expected ${text}, found ${this.#next.text}`, this.#next.line);
    this.#at += 1;
  }

  #take(type: 'name' | 'string'): Token {
    const token = this.#next;
    if (token.type !== type) throw new RuleFault(`expected a ${type}, found ${token.text}`, token.line);
    this.#at += 1;
    return token;
  }
}
