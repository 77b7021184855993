import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import type { Parser } from 'web-tree-sitter';
import { copyTree, type SyntaxTree } from './syntax-tree.ts';

/** Longer than any script that a person wrote takes; some made-up ones would take the grammar minutes. */
const MAX_PARSE_MS = 100;

/** Parses scripts by the grammar of bash. Loading costs some 60 ms, and is done when the first script needs it. */
export class BashGrammar {
  readonly #parser: Parser;

  private constructor(parser: Parser) {
    this.#parser = parser;
  }

  /** @throws if the grammar can't be loaded */
  static async load(): Promise<BashGrammar> {
    // V8 would spend a second and 500 MB on optimising the grammar once it is used: its first compiler is enough. The flags
    // stay, since a function is optimised whenever it has run often; what little other WebAssembly there is needs no more.
    // `--liftoff-only` stands for both at the start of a process only.
    setFlagsFromString('--no-wasm-tier-up');
    setFlagsFromString('--no-wasm-dynamic-tiering');
    const { Language, Parser } = await import('web-tree-sitter');
    await Parser.init({ wasmBinary: wasm('web-tree-sitter') });
    const parser = new Parser();
    parser.setLanguage(await Language.load(wasm('tree-sitter-bash')));
    return new BashGrammar(parser);
  }

  /** Null for a script that can't be parsed, or not in time. */
  parse(script: string): SyntaxTree | null {
    const deadline = performance.now() + MAX_PARSE_MS;
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

/** The build lays both files beside the bundle; before that they lie in their packages. */
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
