#!/usr/bin/env node
// The launcher: checks Node, then runs the built program with the code that earlier runs compiled. Kept to syntax that old
// Nodes parse.

const [major, minor] = process.versions.node.split('.').map(Number);
const ENTRY = './cli.cjs';
/**
 * Flags of V8 that the program changes, as they are at the start and later: for its first shell script
 * (src/foundation/util/native/grammar.ts) and in a long thread of the terminal (src/surfaces/tui/effects/small-heap.ts).
 */
const FLAGS = [
  ['--wasm-tier-up', '--no-wasm-tier-up'],
  ['--wasm-dynamic-tiering', '--no-wasm-dynamic-tiering'],
  ['--no-optimize-for-size', '--optimize-for-size'],
];
/** How often a keel that another Node started looks whether that still runs, milliseconds. */
const LAUNCHER_CHECK_MS = 500;
const isSupported = major > 22 || (major === 22 && minor >= 19);

if (isSupported) {
  endWithLauncher(process.env.KEEL_LAUNCHER);
  await runProgram();
} else await runWithPinnedNode();

/**
 * Runs the scripts in dist/ and keeps the code that V8 compiled for them, as it is at the end of a run: Node's own compile
 * cache has what was compiled while a file was loaded, half of what a start needs. A run that loads a script for the first
 * time writes the code of all that it loaded.
 */
async function runProgram() {
  const { join } = process.getBuiltinModule('node:path');
  const { readFileSync } = process.getBuiltinModule('node:fs');
  const { Script } = process.getBuiltinModule('node:vm');
  const dist = join(import.meta.dirname, '..', 'dist');
  const distUrl = new URL('../dist/', import.meta.url).href;
  const directory = codeDirectory();
  const scripts = new Map();
  const modules = new Map();
  let isNew = false;

  const require = (id) => {
    if (!id.startsWith('./')) return process.getBuiltinModule('node:module').createRequire(distUrl)(id);
    // The build names so what a start does not need.
    return id.startsWith('./later-') ? whenUsed(() => load(id)) : load(id);
  };
  const load = (id) => {
    const name = id.slice('./'.length);
    const known = modules.get(name);
    if (known !== undefined) return known.exports;
    const path = join(dist, name);
    // Names carry a hash of the text, so that code of another build is never taken; the entry's does not.
    const code = directory === null || id === ENTRY ? null : join(directory, `${name}-${process.version}.code`);
    const cachedData = code === null ? undefined : readIfThere(code);
    // The build writes ASCII only. By its URL a stack names a script as it names a module.
    const script = new Script(readFileSync(path, 'latin1'), { filename: `${distUrl}${name}`, cachedData });
    if (code !== null) {
      scripts.set(code, script);
      isNew ||= cachedData === undefined || (script.cachedDataRejected === true && !underFirstFlags().wereOthers);
    }
    const module = { exports: {} };
    modules.set(name, module);
    script.runInThisContext()(module.exports, require, module, path, dist);
    return module.exports;
  };
  const readIfThere = (path) => {
    try {
      return readFileSync(path);
    } catch {
      return undefined;
    }
  };

  process.on('exit', () => {
    if (isNew) keepCode(directory, scripts);
  });
  await load(ENTRY).main();
}

/** V8 takes and makes compiled code for the flags that are set: does some work under those of the start. */
function underFirstFlags(work = () => null) {
  const { cachedDataVersionTag, setFlagsFromString } = process.getBuiltinModule('node:v8');
  const changed = FLAGS.filter(([first]) => {
    const before = cachedDataVersionTag();
    setFlagsFromString(first);
    return cachedDataVersionTag() !== before;
  });
  const result = work();
  for (const [, now] of changed) setFlagsFromString(now);
  return { wereOthers: changed.length > 0, result };
}

/**
 * In place of the exports of a script, which is loaded when one of them is first taken. It inherits them from then on: a proxy
 * is as slow at each use as it is at the first.
 */
function whenUsed(load) {
  const exports = Object.create(
    new Proxy(
      {},
      {
        get(_, name) {
          const loaded = load();
          Object.setPrototypeOf(exports, loaded);
          return loaded[name];
        },
      },
    ),
  );
  return exports;
}

/** Writes compiled code, each file whole or not at all, and removes what builds of a month ago left. */
function keepCode(directory, scripts) {
  const { closeSync, fsyncSync, openSync, readdirSync, renameSync, rmSync, statSync, writeSync } =
    process.getBuiltinModule('node:fs');
  const { join } = process.getBuiltinModule('node:path');
  try {
    for (const [path, script] of scripts) {
      const unfinished = `${path}.${process.pid}`;
      const file = openSync(unfinished, 'wx', 0o600);
      try {
        writeSync(file, underFirstFlags(() => script.createCachedData()).result);
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
      renameSync(unfinished, path);
    }
    for (const name of readdirSync(directory)) {
      const path = join(directory, name);
      if (Date.now() - statSync(path).mtimeMs > 30 * 24 * 3_600_000) rmSync(path, { recursive: true });
    }
  } catch {
    // A full disk, or another keel that does the same: the next run tries again.
  }
}

/**
 * Where compiled code is kept: in keel's home, never in a temporary directory. Cached code runs as keel itself, so it is taken
 * only from a place that nobody but this user and root can change (the rule of src/foundation/util/trust/writable-by-others.ts, which is part
 * of what gets cached). Null: this start does without.
 */
function codeDirectory() {
  const { existsSync, lstatSync, mkdirSync, realpathSync } = process.getBuiltinModule('node:fs');
  const { dirname, join } = process.getBuiltinModule('node:path');
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

/** A launcher that is killed can forward nothing: keel then ends as by SIGTERM. `pid`: absent where there is none. */
function endWithLauncher(pid) {
  if (pid === undefined) return;
  // It is no business of the commands that keel runs.
  delete process.env.KEEL_LAUNCHER;
  const check = setInterval(() => {
    if (process.ppid === Number(pid)) return;
    clearInterval(check);
    process.kill(process.pid, 'SIGTERM');
  }, LAUNCHER_CHECK_MS);
  check.unref();
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
  const env = { ...process.env, KEEL_LAUNCHER: String(process.pid) };
  const child = spawn(pinned, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit', env });
  const forward = (signal) => child.kill(signal);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, forward);
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.off(name, forward);
    process.kill(process.pid, signal);
  });
}
