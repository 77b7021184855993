/**
 * As much of the Lark grammar language as keel's own grammar uses: rules over strings, regular expressions, groups,
 * alternatives and `? * +`. It recognises texts and makes random ones.
 */
type Node =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'pattern'; readonly pattern: RegExp }
  | { readonly type: 'rule'; readonly name: string }
  | { readonly type: 'all'; readonly parts: readonly Node[] }
  | { readonly type: 'any'; readonly options: readonly Node[] }
  | { readonly type: 'repeat'; readonly node: Node; readonly min: 0 | 1; readonly many: boolean };

export interface Chooser {
  /** A whole number from 0 to below `limit`. */
  below(limit: number): number;
  /** A text for a pattern. */
  textFor(pattern: RegExp): string;
}

export class LarkGrammar {
  readonly #rules = new Map<string, Node>([['LF', { type: 'text', text: '\n' }]]);

  constructor(definition: string) {
    for (const line of definition.split('\n')) {
      const rule = /^(\w+): (.+)$/.exec(line);
      if (rule) this.#rules.set(rule[1] ?? '', new RuleReader(rule[2] ?? '').options());
      else if (line !== '' && line !== '%import common.LF') throw new Error(`not a rule: ${line}`);
    }
  }

  accepts(text: string): boolean {
    return this.#ends({ type: 'rule', name: 'start' }, text, 0).has(text.length);
  }

  make(choose: Chooser): string {
    return this.#made({ type: 'rule', name: 'start' }, choose);
  }

  #rule(name: string): Node {
    const node = this.#rules.get(name);
    if (!node) throw new Error(`no rule ${name}`);
    return node;
  }

  /** The places at which a node that starts at a place can end. */
  #ends(node: Node, text: string, at: number): Set<number> {
    switch (node.type) {
      case 'text':
        return new Set(text.startsWith(node.text, at) ? [at + node.text.length] : []);
      case 'pattern': {
        node.pattern.lastIndex = at;
        const found = node.pattern.exec(text)?.[0];
        return new Set(found === undefined ? [] : [at + found.length]);
      }
      case 'rule':
        return this.#ends(this.#rule(node.name), text, at);
      case 'all':
        return node.parts.reduce((from, part) => this.#endsFromAll(part, text, from), new Set([at]));
      case 'any':
        return new Set(node.options.flatMap((option) => [...this.#ends(option, text, at)]));
      case 'repeat': {
        const reached = new Set(node.min === 0 ? [at] : []);
        let fresh = this.#ends(node.node, text, at);
        while (fresh.size > 0) {
          const found = [...fresh].filter((end) => !reached.has(end));
          for (const end of found) reached.add(end);
          fresh = node.many ? this.#endsFromAll(node.node, text, new Set(found)) : new Set();
        }
        return reached;
      }
    }
  }

  #endsFromAll(node: Node, text: string, from: ReadonlySet<number>): Set<number> {
    return new Set([...from].flatMap((at) => [...this.#ends(node, text, at)]));
  }

  #made(node: Node, choose: Chooser): string {
    switch (node.type) {
      case 'text':
        return node.text;
      case 'pattern':
        return choose.textFor(node.pattern);
      case 'rule':
        return this.#made(this.#rule(node.name), choose);
      case 'all':
        return node.parts.map((part) => this.#made(part, choose)).join('');
      case 'any':
        return this.#made(node.options[choose.below(node.options.length)] ?? node, choose);
      case 'repeat': {
        const count = node.min + choose.below(node.many ? 4 : 2 - node.min);
        return Array.from({ length: count }, () => this.#made(node.node, choose)).join('');
      }
    }
  }
}

/** Reads the right side of a rule. */
class RuleReader {
  readonly #tokens: string[];

  constructor(text: string) {
    this.#tokens = text.match(/"(?:\\.|[^"\\])*"|\/(?:\\.|[^/\\])+\/|\w+|[()|?*+]/g) ?? [];
  }

  options(): Node {
    const options = [this.#sequence()];
    while (this.#tokens[0] === '|') {
      this.#tokens.shift();
      options.push(this.#sequence());
    }
    return { type: 'any', options };
  }

  #sequence(): Node {
    const parts: Node[] = [];
    while (this.#tokens[0] !== undefined && this.#tokens[0] !== '|' && this.#tokens[0] !== ')')
      parts.push(this.#part());
    return { type: 'all', parts };
  }

  #part(): Node {
    const node = this.#atom(this.#tokens.shift() ?? '');
    const sign = this.#tokens[0] ?? '';
    if (!['?', '*', '+'].includes(sign)) return node;
    this.#tokens.shift();
    return { type: 'repeat', node, min: sign === '+' ? 1 : 0, many: sign !== '?' };
  }

  #atom(token: string): Node {
    if (token.startsWith('"')) return { type: 'text', text: String(JSON.parse(token)) };
    if (token.startsWith('/')) return { type: 'pattern', pattern: new RegExp(token.slice(1, -1), 'y') };
    if (token !== '(') return { type: 'rule', name: token };
    const group = this.options();
    this.#tokens.shift();
    return group;
  }
}
