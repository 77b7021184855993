// Builds what the end-to-end tests run, runs every test, and closes with one line: `N passed, N failed`.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const bin = join(root, 'node_modules/.bin');
const env = { ...process.env, PATH: `${bin}:${process.env.PATH}` };

const built = spawnSync(process.execPath, ['scripts/build.js', '--no-types'], { cwd: root, stdio: 'inherit', env });
if (built.status !== 0) process.exit(built.status ?? 1);
const tested = spawnSync(join(bin, 'vitest'), ['run', ...process.argv.slice(2)], { cwd: root, stdio: 'inherit', env });
process.exit(tested.status ?? 1);
