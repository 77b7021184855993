import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export interface TempDir extends Disposable {
  readonly path: string;
  /** Writes files below it; names may have folders. */
  write(files: Readonly<Record<string, string>>): void;
}

/** A folder of its own for a test, gone when the test ends. */
export function tempDir(): TempDir {
  const path = realpathSync(mkdtempSync(join(tmpdir(), 'keel-test-')));
  return {
    path,
    write(files) {
      for (const [name, text] of Object.entries(files)) {
        mkdirSync(dirname(join(path, name)), { recursive: true });
        writeFileSync(join(path, name), text);
      }
    },
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  };
}

/** A folder that is a Git repository with these files committed. */
export function gitRepository(files: Readonly<Record<string, string>> = { 'README.md': 'test\n' }): TempDir {
  const dir = tempDir();
  dir.write(files);
  const who = ['-c', 'user.name=test', '-c', 'user.email=test@keel.invalid'];
  for (const args of [
    ['init', '--quiet', '--initial-branch=main'],
    ['add', '.'],
    [...who, 'commit', '--quiet', '--message=start'],
  ]) {
    execFileSync('git', args, { cwd: dir.path, env: { PATH: process.env['PATH'], GIT_CONFIG_GLOBAL: '/dev/null' } });
  }
  return dir;
}
