import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Parser } from 'web-tree-sitter';

/** Where the library and each grammar are without a build: in their packages. */
const inPackages = (require: NodeJS.Require) => ({
  'web-tree-sitter': () => require.resolve('web-tree-sitter/web-tree-sitter.wasm'),
  bash: () => require.resolve('tree-sitter-bash/tree-sitter-bash.wasm'),
  go: () => require.resolve('tree-sitter-go/tree-sitter-go.wasm'),
  java: () => require.resolve('tree-sitter-java/tree-sitter-java.wasm'),
  javascript: () => require.resolve('tree-sitter-javascript/tree-sitter-javascript.wasm'),
  python: () => require.resolve('tree-sitter-python/tree-sitter-python.wasm'),
  rust: () => require.resolve('tree-sitter-rust/tree-sitter-rust.wasm'),
  tsx: () => require.resolve('tree-sitter-typescript/tree-sitter-tsx.wasm'),
  typescript: () => require.resolve('tree-sitter-typescript/tree-sitter-typescript.wasm'),
});

type WasmFile = keyof ReturnType<typeof inPackages>;
export type Grammar = Exclude<WasmFile, 'web-tree-sitter'>;

/**
 * By default V8 optimises a grammar while it is used: up to a second of work and 500 MB, and keel's exit would wait for it.
 * Only both flags together prevent that. They stay set, since a function is optimised whenever it has run often; the little
 * other WebAssembly in keel does not need the optimiser.
 */
const NOT_OPTIMISED = ['--no-wasm-tier-up', '--no-wasm-dynamic-tiering'];

type Library = typeof import('web-tree-sitter');

/**
 * One for the process. Two that load at the same time would each set up the library, and the parser of one would later be
 * freed in the memory of the other.
 */
let library: Promise<Library> | null = null;

/** Loads a grammar, which takes some 60 ms the first time. @throws if it can't be loaded; the next call tries again */
export async function grammarParser(grammar: Grammar): Promise<Parser> {
  library ??= loadLibrary();
  const { Language, Parser } = await library.catch((error: unknown) => {
    library = null;
    throw error;
  });
  const parser = new Parser();
  parser.setLanguage(await Language.load(wasm(grammar)));
  return parser;
}

async function loadLibrary(): Promise<Library> {
  const v8 = process.getBuiltinModule('node:v8');
  for (const flag of NOT_OPTIMISED) v8.setFlagsFromString(flag);
  const loaded = await import('web-tree-sitter');
  await loaded.Parser.init({ wasmBinary: wasm('web-tree-sitter') });
  return loaded;
}

/** The build puts the files beside the bundle; without a build they are in their packages. */
function wasm(name: WasmFile): Buffer {
  const file = name === 'web-tree-sitter' ? name : `tree-sitter-${name}`;
  const bundled = join(import.meta.dirname, `${file}.wasm`);
  if (existsSync(bundled)) return readFileSync(bundled);
  const { createRequire } = process.getBuiltinModule('node:module');
  return readFileSync(inPackages(createRequire(import.meta.url))[name]());
}
