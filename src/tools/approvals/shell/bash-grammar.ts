import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Parser } from 'web-tree-sitter';
import { copyTree, type SyntaxTree } from './syntax-tree.ts';

/** Longer than any script that a person wrote takes; a hostile one would take the grammar minutes. */
const MAX_PARSE_MS = 100;

/**
 * By default V8 optimises the grammar while it is used: up to a second of work and 500 MB, and keel's exit would wait for it.
 * Only both flags together prevent that. They stay set, since a function is optimised whenever it has run often; the little
 * other WebAssembly in keel does not need the optimiser.
 */
const NOT_OPTIMISED = ['--no-wasm-tier-up', '--no-wasm-dynamic-tiering'];

/** Parses scripts by the grammar of bash. Loading takes some 60 ms, and happens when the first script needs it. */
export class BashGrammar {
  /**
   * One instance for all sessions of the process. Two that load at the same time would each set up the library, and the
   * parser of one would later be freed in the memory of the other.
   */
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
    const v8 = process.getBuiltinModule('node:v8');
    for (const flag of NOT_OPTIMISED) v8.setFlagsFromString(flag);
    const { Language, Parser } = await import('web-tree-sitter');
    await Parser.init({ wasmBinary: wasm('web-tree-sitter') });
    const parser = new Parser();
    parser.setLanguage(await Language.load(wasm('tree-sitter-bash')));
    // The first script triggers the compilation.
    parser.parse('true')?.delete();
    return new BashGrammar(parser);
  }

  /** Null for a script that can't be parsed, or not in time. */
  parse(script: string, maxMs = MAX_PARSE_MS): SyntaxTree | null {
    const deadline = performance.now() + maxMs;
    const tree = this.#parser.parse(script, null, { progressCallback: () => performance.now() > deadline });
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

/** The build puts both files beside the bundle; without a build they are in their packages. */
function wasm(name: 'web-tree-sitter' | 'tree-sitter-bash'): Buffer {
  const bundled = join(import.meta.dirname, `${name}.wasm`);
  if (existsSync(bundled)) return readFileSync(bundled);
  const require = createRequire(import.meta.url);
  const path =
    name === 'web-tree-sitter'
      ? require.resolve('web-tree-sitter/web-tree-sitter.wasm')
      : join(dirname(require.resolve('tree-sitter-bash/package.json')), 'tree-sitter-bash.wasm');
  return readFileSync(path);
}
