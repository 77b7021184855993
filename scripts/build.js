// Bundles src/ into dist/: one entry a public face, code split so that each command loads only what it needs.
import { spawnSync } from 'node:child_process';
import { copyFileSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { build } from 'rolldown';
import { directBuiltins } from './builtin-modules.js';

const root = join(import.meta.dirname, '..');
const inSource = (path) => join(root, 'src', path);

/** @param {Record<string, string>} input @param {object} [output] */
function bundle(input, output = {}) {
  return build({
    cwd: root,
    input,
    platform: 'node',
    transform: { target: 'node22' },
    plugins: [directBuiltins],
    // Packages with native parts, and one that requires Node's own modules, stay outside the bundle and are found in node_modules
    // when first used.
    external: ['@lydell/node-pty', '@vscode/ripgrep', 'koffi', 'sharp', 'web-tree-sitter', 'ws'],
    // Its build for Node is CommonJS and requires modules of Node's own, which a bundle of ES modules can't.
    resolve: { alias: { yaml: join(root, 'node_modules/yaml/browser/index.js') } },
    output: {
      dir: join(root, 'dist'),
      format: 'es',
      entryFileNames: '[name].js',
      chunkFileNames: '[name]-[hash].js',
      // A start takes some 20 µs a KB. Source maps give crash reports in terms of src/.
      minify: true,
      comments: false,
      // One character beyond ASCII makes the whole file a text of two bytes a character, which takes a twentieth of a start.
      charset: 'ascii',
      sourcemap: true,
      sourcemapExcludeSources: true,
      ...output,
    },
  });
}

/** Modules that come with `entries` whatever happens, as one file: each further file of a start takes a fifth of a millisecond. */
function together(name, entries, priority) {
  let closure = null;
  const named = (id, context) => {
    if (closure === null) {
      closure = new Set();
      for (const entry of entries) staticClosure(inSource(entry), context, closure);
    }
    return closure.has(id) ? name : null;
  };
  return { name: named, debugName: name, priority };
}

function staticClosure(id, context, found = new Set()) {
  if (found.has(id)) return found;
  found.add(id);
  for (const next of context.getModuleInfo(id)?.importedIds ?? []) staticClosure(next, context, found);
  return found;
}

rmSync(join(root, 'dist'), { recursive: true, force: true });
// The program is loaded by bin/keel.js, which keeps its compiled code: that takes scripts, not modules.
await bundle(
  { cli: inSource('surfaces/cli/index.ts') },
  {
    format: 'cjs',
    dynamicImportInCjs: false,
    // A function that takes what it needs: Node's loader has no part in it.
    postBanner: '(function(exports,require,module,__filename,__dirname){',
    postFooter: '})',
    entryFileNames: '[name].cjs',
    chunkFileNames: '[name]-[hash].cjs',
    codeSplitting: {
      groups: [
        // With what reads the command line: in `core` it would bring all that runs a session before the terminal's first frame.
        together(
          'base',
          ['surfaces/cli/index.ts', 'surfaces/cli/command-line.ts', 'surfaces/cli/session-options.ts'],
          3,
        ),
        together('core', ['surfaces/cli/commands/exec/exec.ts'], 2),
        together('text', ['surfaces/text/index.ts'], 1),
        together('tui', ['surfaces/cli/commands/tui.ts'], 0),
      ],
    },
  },
);
await bundle({
  sdk: inSource('surfaces/sdk/index.ts'),
  protocol: inSource('foundation/protocol/index.ts'),
  testing: inSource('testing/index.ts'),
});
// A thread of its own, named by its file (src/system/process/confined/confined-thread.ts): it shares nothing with the others.
await bundle({ 'confined-worker': inSource('system/process/confined/worker.ts') });

// Grammars are read as bytes when the first script, or the first edit of a file, needs them.
const grammars = [
  ...['web-tree-sitter/web-tree-sitter.wasm', 'tree-sitter-bash/tree-sitter-bash.wasm'],
  ...['tree-sitter-javascript/tree-sitter-javascript.wasm', 'tree-sitter-python/tree-sitter-python.wasm'],
  ...['tree-sitter-typescript/tree-sitter-tsx.wasm', 'tree-sitter-typescript/tree-sitter-typescript.wasm'],
];
for (const path of grammars) {
  copyFileSync(join(root, 'node_modules', path), join(root, 'dist', basename(path)));
}

if (!process.argv.includes('--no-types')) {
  const tsc = join(root, 'node_modules/.bin/tsc');
  const result = spawnSync(tsc, ['-p', 'tsconfig.types.json'], { cwd: root, stdio: 'inherit' });
  process.exitCode = result.status ?? 1;
}
