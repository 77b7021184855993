#!/usr/bin/env node
// The launcher: checks Node, turns on the compile cache, loads the built program. Kept to syntax that old Nodes parse.

const [major, minor] = process.versions.node.split('.').map(Number);
const isSupported = major > 22 || (major === 22 && minor >= 19);

if (isSupported) {
  const cache = codeCache(process.getBuiltinModule('node:fs'), process.getBuiltinModule('node:path'));
  if (cache !== null) process.getBuiltinModule('node:module').enableCompileCache(cache);
  const { main } = await import('../dist/cli.js');
  await main();
} else {
  await runWithPinnedNode();
}

/**
 * Where compiled code is kept: in keel's home, never in a temporary directory. Cached code runs as keel itself, so it is taken
 * only from a place that nobody but this user and root can change (the rule of src/foundation/util/trust/writable-by-others.ts, which is part
 * of what gets cached). Null: this start does without.
 */
function codeCache({ existsSync, lstatSync, mkdirSync, realpathSync }, { dirname, join }) {
  const { HOME, KEEL_HOME } = process.env;
  const user = process.geteuid?.() ?? 0;
  const isSafe = (path, mayBeSticky) => {
    const { uid, gid, mode } = lstatSync(path);
    const isDirectory = (mode & 0o170000) === 0o040000;
    const isShared = (mode & 0o002) !== 0 || ((mode & 0o020) !== 0 && gid !== uid);
    return isDirectory && (uid === user || uid === 0) && (!isShared || (mayBeSticky && (mode & 0o1000) !== 0));
  };
  try {
    if (!KEEL_HOME && !HOME) return null;
    const home = realpathSync.native(KEEL_HOME || join(HOME, '.keel'));
    const cache = join(home, 'cache', 'code');
    if (!existsSync(cache)) mkdirSync(cache, { recursive: true, mode: 0o700 });
    if (![home, dirname(cache), cache].every((dir) => isSafe(dir, false))) return null;
    for (let dir = home; dir !== dirname(dir); dir = dirname(dir)) if (!isSafe(dirname(dir), true)) return null;
    return cache;
  } catch {
    // No home yet, or one that can't be written to.
    return null;
  }
}

/** A checkout carries the Node it was built with. */
async function runWithPinnedNode() {
  const { existsSync } = await import('node:fs');
  const { fileURLToPath } = await import('node:url');
  const pinned = fileURLToPath(new URL('../node_modules/node/bin/node', import.meta.url));
  if (!existsSync(pinned)) {
    process.stderr.write(
      `keel needs Node.js 22.19 or newer; this is ${process.versions.node}. Install a newer one from your package manager or with a version manager.\n`,
    );
    process.exit(1);
  }
  const { spawn } = await import('node:child_process');
  const child = spawn(pinned, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' });
  const forward = (signal) => child.kill(signal);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, forward);
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.off(name, forward);
    process.kill(process.pid, signal);
  });
}
