import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { landlockVersion } from '../../src/system/process/index.ts';
import { tempDir } from '../support/temp-dir.ts';

const run = promisify(execFile);
const hasLandlock = await landlockVersion().then(
  () => true,
  () => false,
);
const keelBin = join(import.meta.dirname, '../../bin/keel.js');

/** keel in a shell that has opened more than it should: a folder, a file to write, and a lock that is taken. */
async function keelBehind(redirections: string, args: readonly string[], dir: string): Promise<string> {
  const script = `exec ${redirections}; exec "$0" "$@"`;
  const env = { PATH: process.env['PATH'], HOME: dir, KEEL_HOME: dir };
  const { stdout } = await run('bash', ['-c', script, process.execPath, keelBin, ...args], { cwd: dir, env });
  return stdout;
}

test.skipIf(process.platform !== 'linux').each(['7</ 17</', '90</ 91</ 250</'])(
  'a command gets nothing of what `exec %s` opened before keel started',
  async (redirections) => {
    using dir = tempDir();
    const open = await keelBehind(
      redirections,
      ['sandbox', 'run', '-s', 'danger-full-access', '--', 'ls', '/proc/self/fd'],
      dir.path,
    );
    // The last one is the listing itself.
    expect(open.trim().split('\n')).toEqual(['0', '1', '2', '3']);
  },
);

test.skipIf(!hasLandlock)('a command that Landlock confines gets nothing of it either', async () => {
  using dir = tempDir();
  const options = ['-s', 'read-only', '-c', 'sandbox.bubblewrap="/nonexistent"'];
  const args = ['sandbox', 'run', ...options, '--', 'ls', '/proc/self/fd'];
  const open = await keelBehind('7</ 90</ 250</', args, dir.path);
  expect(open.trim().split('\n')).toEqual(['0', '1', '2', '3']);
});

test.skipIf(process.platform !== 'linux')(
  'a lock that a shell took by `flock` before it became keel is kept',
  async () => {
    using dir = tempDir();
    const path = join(dir.path, 'lock');
    const takeAgain = `flock -n ${path} true && echo free || echo held`;
    const out = await keelBehind(
      `200>>${path}; flock -n 200`,
      ['sandbox', 'run', '-s', 'danger-full-access', '--', 'bash', '-c', `echo no >&200; ${takeAgain}`],
      dir.path,
    );
    expect(out.trim()).toBe('held');
    expect(readFileSync(path, 'utf8')).toBe('');
  },
);
