import type { Parser } from 'web-tree-sitter';
import { grammarParser, monotonicMs } from '../../../foundation/util/index.ts';
import { copyTree, type SyntaxTree } from './syntax-tree.ts';

/** Longer than any script that a person wrote takes; a hostile one would take the grammar minutes. */
const MAX_PARSE_MS = 100;

/** Parses scripts by the grammar of bash, which is loaded when the first script needs it. */
export class BashGrammar {
  /** One instance for all sessions of the process. */
  static #shared: Promise<BashGrammar> | null = null;
  readonly #parser: Parser;

  private constructor(parser: Parser) {
    this.#parser = parser;
  }

  /** @throws if the grammar can't be loaded; the next call tries again */
  static load(): Promise<BashGrammar> {
    BashGrammar.#shared ??= BashGrammar.#load().catch((error: unknown) => {
      BashGrammar.#shared = null;
      throw error;
    });
    return BashGrammar.#shared;
  }

  static async #load(): Promise<BashGrammar> {
    const parser = await grammarParser('bash');
    // The first script triggers the compilation.
    parser.parse('true')?.delete();
    return new BashGrammar(parser);
  }

  /** Null for a script that can't be parsed, or not in time. */
  parse(script: string, maxMs = MAX_PARSE_MS): SyntaxTree | null {
    const deadline = monotonicMs() + maxMs;
    const tree = this.#parser.parse(script, null, { progressCallback: () => monotonicMs() > deadline });
    if (!tree) {
      // Else the next script would be read as the rest of this one.
      this.#parser.reset();
      return null;
    }
    try {
      return copyTree(tree, script);
    } finally {
      tree.delete();
    }
  }
}
