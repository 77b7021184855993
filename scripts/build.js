// Bundles src/ into dist/: one entry a public face, code split so that each command loads only what it needs.
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { build } from 'esbuild';
import { directBuiltins } from './builtin-modules.js';

const root = join(import.meta.dirname, '..');
const entries = {
  cli: 'src/cli/index.ts',
  sdk: 'src/sdk/index.ts',
  protocol: 'src/protocol/index.ts',
  testing: 'src/testing/index.ts',
  // A thread of its own, named by its file: see src/process/confined/confined-thread.ts.
  'confined-worker': 'src/process/confined/worker.ts',
};
const present = Object.fromEntries(Object.entries(entries).filter(([, path]) => existsSync(join(root, path))));

rmSync(join(root, 'dist'), { recursive: true, force: true });
await build({
  absWorkingDir: root,
  entryPoints: present,
  outdir: 'dist',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node22',
  // A start takes some 20 µs a KB. Crash reports are told in terms of src/ all the same, by the source maps.
  minify: true,
  sourcemap: 'linked',
  sourcesContent: false,
  legalComments: 'none',
  plugins: [directBuiltins],
  // Packages with native parts stay outside the bundle and are found in node_modules when first used.
  external: ['@lydell/node-pty', '@vscode/ripgrep', 'koffi', 'sharp', 'web-tree-sitter'],
  // Its build for Node is CommonJS and requires modules of Node's own, which a bundle of ES modules can't.
  alias: { yaml: join(root, 'node_modules/yaml/browser/index.js') },
  loader: { '.md': 'text', '.txt': 'text' },
});

// The grammar of bash is read as bytes when the first script needs it.
for (const path of ['web-tree-sitter/web-tree-sitter.wasm', 'tree-sitter-bash/tree-sitter-bash.wasm']) {
  copyFileSync(join(root, 'node_modules', path), join(root, 'dist', basename(path)));
}

if (!process.argv.includes('--no-types')) {
  const tsc = join(root, 'node_modules/.bin/tsc');
  const result = spawnSync(tsc, ['-p', 'tsconfig.types.json'], { cwd: root, stdio: 'inherit' });
  process.exitCode = result.status ?? 1;
}
