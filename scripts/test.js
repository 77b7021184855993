// Builds what the end-to-end tests run, runs every test, and closes with one line: `N passed, N failed`.
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const bin = join(root, 'node_modules/.bin');
// Programs that tests start load many modules, mostly the same.
const NODE_COMPILE_CACHE = join(root, 'node_modules/.cache/tests');
const env = { ...process.env, NODE_COMPILE_CACHE, PATH: `${bin}:${process.env.PATH}` };

const built = spawnSync(process.execPath, ['scripts/build.js', '--no-types', '--unless-built'], {
  cwd: root,
  stdio: 'inherit',
  env,
});
if (built.status !== 0) process.exit(built.status ?? 1);
keepCompiledCode();
// The runner can't end a test that blocks its own process; without a limit the run would never end.
const MAX_RUN_MS = 20 * 60_000;
const vitest = ['run', ...process.argv.slice(2)];
const tested = spawnSync(join(bin, 'vitest'), vitest, { cwd: root, stdio: 'inherit', env, timeout: MAX_RUN_MS });
if (tested.signal === 'SIGTERM')
  process.stderr.write('the tests did not end in time: the files named above last are still running\n');
process.exit(tested.status ?? 1);

/** Runs common commands once, for the code that keel keeps in its home: homes of tests start with a copy. */
function keepCompiledCode() {
  const home = join(NODE_COMPILE_CACHE, 'home');
  rmSync(home, { recursive: true, force: true });
  mkdirSync(home, { recursive: true, mode: 0o700 });
  for (const command of [['threads', 'list'], ['config'], ['demo']]) {
    const ran = spawnSync(process.execPath, ['bin/keel.js', ...command], {
      cwd: root,
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...env, HOME: home, KEEL_HOME: home },
    });
    if (ran.status !== 0) process.exit(ran.status ?? 1);
  }
}
