import { execFileSync } from 'node:child_process';
import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { type TempDir, tempDir } from '../../support/temp-dir.ts';

export const env = {
  PATH: process.env['PATH'],
  HOME: '/nonexistent',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_AUTHOR_NAME: 'test',
  GIT_AUTHOR_EMAIL: 'test@keel.invalid',
  GIT_COMMITTER_NAME: 'test',
  GIT_COMMITTER_EMAIL: 'test@keel.invalid',
};

/** Runs git as a user would. */
export function git(cwd: string, ...args: readonly string[]): string {
  return execFileSync('git', args, { cwd, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

export interface Playground extends TempDir {
  /** A work tree. */
  readonly root: string;
  /** What the undo functions want, for a directory of it. */
  readonly options: (folder?: string) => {
    readonly cwd: string;
    readonly home: string;
    readonly env: Readonly<Record<string, string | undefined>>;
    readonly signal: AbortSignal;
  };
}

/** A repository without a commit, and a home for keel, both gone when the test ends. */
export function playground(): Playground {
  const dir = tempDir();
  const root = join(dir.path, 'project');
  const home = join(dir.path, 'home');
  for (const path of [root, home]) mkdirSync(path);
  git(root, '-c', 'init.defaultBranch=main', 'init', '--quiet');
  const write: TempDir['write'] = (files) =>
    dir.write(Object.fromEntries(Object.entries(files).map(([name, text]) => [`project/${name}`, text])));
  const { signal } = new AbortController();
  return {
    path: dir.path,
    root: realpathSync(root),
    write,
    options: (folder = '.') => ({ cwd: join(root, folder), home, env: { ...env, HOME: dir.path }, signal }),
    [Symbol.dispose]: () => dir[Symbol.dispose](),
  };
}

export function commitAll(root: string, message = 'start'): void {
  git(root, 'add', '--all');
  git(root, 'commit', '--quiet', '--allow-empty', `--message=${message}`);
}

/** Every file and link below a directory, git's own aside: what it is, whether it can be run, and its bytes. */
export function contentsOf(root: string, skip: (path: string) => boolean = () => false): Record<string, string> {
  const found: Record<string, string> = {};
  const visit = (folder: string) => {
    for (const name of readdirSync(Buffer.from(join(root, folder), 'latin1'), 'buffer')) {
      const path = join(folder, name.toString('latin1'));
      if (path === '.git' || skip(path)) continue;
      const place = Buffer.from(join(root, path), 'latin1');
      const stats = lstatSync(place);
      if (stats.isDirectory()) visit(path);
      else if (stats.isSymbolicLink()) found[path] = `-> ${readlinkSync(place, 'latin1')}`;
      else found[path] = `${stats.mode & 0o111 ? 'x' : '-'} ${readFileSync(place, 'latin1')}`;
    }
  };
  visit('');
  return found;
}

/** All of a git directory, byte for byte: index, HEAD, refs, stash, objects, settings. */
export function gitFilesOf(root: string): Record<string, string> {
  return contentsOf(join(root, '.git'));
}

/** Runs a whole shell script in the work tree, as a turn might. */
export function edit(root: string, script: string): void {
  execFileSync('/bin/sh', ['-ec', script], { cwd: root, env, stdio: ['ignore', 'ignore', 'pipe'] });
}
