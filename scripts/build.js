// Bundles src/ into dist/: one entry a public face, code split so that each command loads only what it needs.
import { spawnSync } from 'node:child_process';
import { copyFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { build } from 'rolldown';
import { buildFleet } from './build-fleet.js';
import { directBuiltins } from './builtin-modules.js';

const root = join(import.meta.dirname, '..');
const inSource = (path) => join(root, 'src', path);

const shared = {
  cwd: root,
  platform: 'node',
  transform: { target: 'node22' },
  // No module of ours does anything when it is loaded: one of which nothing is used is left out.
  treeshake: { moduleSideEffects: [{ test: /\/src\//, sideEffects: false }] },
  // Packages with native parts stay outside the bundle and are found in node_modules when first used. So does ws, whose
  // classes extend those of modules that it requires.
  external: ['@lydell/node-pty', '@napi-rs/keyring', '@vscode/ripgrep', 'koffi', 'sharp', 'web-tree-sitter', 'ws'],
  // Its build for Node is CommonJS and requires modules of Node's own, which a bundle of ES modules can't.
  resolve: { alias: { yaml: join(root, 'node_modules/yaml/browser/index.js') } },
};

/** An entry that only passes on what a module has, so that the module itself can be in a file with others, whose compiled code is kept. */
const passedOn = (path) => ({
  name: 'passed-on',
  resolveId: (id) => (id === 'passed-on' ? id : null),
  load: (id) => (id === 'passed-on' ? `export * from ${JSON.stringify(path)};` : null),
});

/** @param {Record<string, string>} input @param {object} [output] @param {object} [more] */
function bundle(input, output = {}, { plugins = [], ...more } = {}) {
  return build({
    ...shared,
    ...more,
    input,
    plugins: [directBuiltins, ...plugins],
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

/** Whether a whole build is there that is newer than all it is made of. */
function isBuilt() {
  const last = statSync(join(root, 'dist/types/surfaces/sdk/index.d.ts'), { throwIfNoEntry: false });
  if (last === undefined) return false;
  return ['src', 'scripts', 'packages', 'package.json'].every((name) => newestIn(join(root, name)) < last.mtimeMs);
}

function newestIn(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  const names = readdirSync(path).filter((name) => name !== 'node_modules' && name !== 'dist');
  return Math.max(0, ...names.map((name) => newestIn(join(path, name))));
}

/** What runs of `entries` whatever happens. What a face offers and they don't use is left to the files of those that do. */
async function usedBy(...entries) {
  const input = Object.fromEntries(entries.map((entry, at) => [String(at), inSource(entry)]));
  const { output } = await build({
    ...shared,
    input,
    plugins: [directBuiltins],
    write: false,
    output: { format: 'es' },
  });
  const chunks = new Map(output.flatMap((file) => (file.type === 'chunk' ? [[file.fileName, file]] : [])));
  const used = new Set();
  const follow = (fileName) => {
    const chunk = chunks.get(fileName);
    if (chunk === undefined) return;
    chunks.delete(fileName);
    for (const [id, { renderedLength }] of Object.entries(chunk.modules)) if (renderedLength > 0) used.add(id);
    for (const next of chunk.imports) follow(next);
  };
  for (const { fileName, isEntry } of [...chunks.values()]) if (isEntry) follow(fileName);
  return used;
}

// npm prepares the package once for itself and once for packages/fleet, which has a link to it. Tests run what an install built.
const unlessBuilt = process.env.npm_lifecycle_event === 'prepare' || process.argv.includes('--unless-built');
if (unlessBuilt && isBuilt()) process.exit(0);
rmSync(join(root, 'dist'), { recursive: true, force: true });
const ofCommandLine = await usedBy(
  'surfaces/cli/index.ts',
  'surfaces/cli/command-line.ts',
  'surfaces/cli/session-options.ts',
);
const ofExec = await usedBy('surfaces/cli/commands/exec/exec.ts');
const ofText = await usedBy('surfaces/text/index.ts');
const ofTerminal = await usedBy('surfaces/cli/commands/terminal/tui.ts');
/**
 * What a session needs for calls, failures, compaction and the like, after its first request was sent. bin/keel.js loads this file
 * when something of it is first used: compiled code takes some 30 µs a KB to load. What an object that exists from the start
 * is made of stays out of it.
 */
const AFTER_REQUEST = new RegExp(
  `/src/(?:${[
    'models/failures/',
    'models/mcp/(?:connections|open-server|offer-cache|tool-names)',
    'models/client/(?:sse|content-encoding|response-body)\\.',
    'models/wires/(?:whole-answer|measured-usage|responses/(?:decode-event|usage|stored-item))',
    'context/history/(?:compaction\\.|pruning|refused-items)',
    'engine/session/(?:reports/|environment/(?:command-tools|notifier)|tasks/(?:undo-turn|review-t|user-shell|parse-review))',
    'engine/session/agents/(?:subagent|run-child|agent-records|agent-rights|follow-child)\\.ts',
    'engine/turn/(?:compact|prune-outputs|hooks/compaction-hooks)',
    'tools/(?:orchestrator/(?!approval-cache)|router/(?:router|call-forms|seen-call|shown-failures|unfinished-calls))',
    'tools/approvals/(?:summary|run-by|known-safe|dangerous|program-places|reach|canonical-commands|command-kinds|shell/(?!bash-grammar))',
    'tools/approvals/rules/(?:file-rules|read-calls|load-rules|judge-by-rules)',
    'tools/builtin/(?:commands/(?!command-arguments|ended-sessions|run-to-completion)|files/|web/)',
    'tools/mcp/(?!turn-tools)',
    'tools/patch/(?!diff/(?:turn-diff|touched-lines))',
    'system/git/snapshots/',
    'storage/config/sections/shell-environment',
    'system/process/(?:login/login-|confined/(?!confined-threads)|run/(?!exec-sessions)|terminal/)',
    'system/sandbox/(?:backends/(?!probe)|plan/|seccomp/|network/(?!shared-network)|protected/|planted/(?!planted-names))',
  ].join('|')})`,
);
/** Files of a start, each as one: every further one takes a fifth of a millisecond. A module is in the first that names it. */
const files = [
  // With what the terminal needs of the rest: in `core` it would bring all that runs a session before the terminal's first frame.
  ['base', (id) => ofCommandLine.has(id) || (ofTerminal.has(id) && ofExec.has(id))],
  ['later', (id) => ofExec.has(id) && AFTER_REQUEST.test(id)],
  ['core', (id) => ofExec.has(id)],
  ['text', (id) => ofText.has(id)],
  ['tui', (id) => ofTerminal.has(id)],
];
// The program is loaded by bin/keel.js, which keeps its compiled code: that takes scripts, not modules.
await bundle(
  { cli: 'passed-on' },
  {
    format: 'cjs',
    dynamicImportInCjs: false,
    // A function that takes what it needs: Node's loader has no part in it.
    postBanner: '(function(exports,require,module,__filename,__dirname){',
    postFooter: '})',
    entryFileNames: '[name].cjs',
    chunkFileNames: '[name]-[hash].cjs',
    codeSplitting: {
      includeDependenciesRecursively: false,
      groups: files.map(([name, isIn], at) => ({
        name: (id) => (isIn(id) ? name : null),
        debugName: name,
        priority: files.length - at,
      })),
    },
  },
  // A file may offer more than its entry does, to other files.
  { preserveEntrySignatures: 'allow-extension', plugins: [passedOn(inSource('surfaces/cli/index.ts'))] },
);
await bundle({
  sdk: inSource('surfaces/sdk/index.ts'),
  session: inSource('engine/embedding/index.ts'),
  protocol: inSource('foundation/protocol/index.ts'),
  testing: inSource('testing/index.ts'),
});
// A thread of its own, named by its file (src/system/process/confined/confined-thread.ts): it shares nothing with the others.
await bundle({ 'confined-worker': inSource('system/process/confined/worker.ts') });

// Grammars are read as bytes when the first script, or the first edit of a file, needs them.
const languages = ['bash', 'go', 'java', 'javascript', 'python', 'rust'];
const grammars = [
  'web-tree-sitter/web-tree-sitter.wasm',
  ...languages.map((language) => `tree-sitter-${language}/tree-sitter-${language}.wasm`),
  ...['tree-sitter-typescript/tree-sitter-tsx.wasm', 'tree-sitter-typescript/tree-sitter-typescript.wasm'],
];
for (const path of grammars) {
  copyFileSync(join(root, 'node_modules', path), join(root, 'dist', basename(path)));
}

await buildFleet();

if (!process.argv.includes('--no-types')) {
  const tsc = join(root, 'node_modules/.bin/tsc');
  const result = spawnSync(tsc, ['-p', 'tsconfig.types.json'], { cwd: root, stdio: 'inherit' });
  process.exitCode = result.status ?? 1;
}
