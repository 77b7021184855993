import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
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
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true, maxRetries: 5 }),
  };
}

/** What `npm test` let the built program compile: without it each start of keel in a home of its own compiles everything again. */
const COMPILED = join(import.meta.dirname, '../../node_modules/.cache/tests/home/cache/code');

/** A home for keel, as it is after earlier runs of this build, with none of their threads. */
export function keelHome(): TempDir {
  const dir = tempDir();
  if (existsSync(COMPILED)) {
    const cache = join(dir.path, 'cache');
    mkdirSync(cache, { mode: 0o700 });
    cpSync(COMPILED, join(cache, 'code'), { recursive: true });
  }
  return dir;
}

/** A folder that is a Git repository with these files committed. */
export function gitRepository(files: Readonly<Record<string, string>> = { 'README.md': 'test\n' }): TempDir {
  const dir = tempDir();
  dir.write(files);
  cpSync(join(committed(files), '.git'), join(dir.path, '.git'), { recursive: true, preserveTimestamps: true });
  return dir;
}

const repositories = new Map<string, TempDir>();
process.once('exit', () => {
  for (const dir of repositories.values()) dir[Symbol.dispose]();
});

/** A repository that Git has made of these files once in this process; four starts of Git for each test took longer than many tests. */
function committed(files: Readonly<Record<string, string>>): string {
  const key = JSON.stringify(files);
  const known = repositories.get(key);
  if (known !== undefined) return known.path;
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
  repositories.set(key, dir);
  return dir.path;
}
