import { copyFileSync, readdirSync, statSync, symlinkSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { reasonOf, type TemporaryDirectory, temporaryDirectory } from '../../../foundation/util/index.ts';
import { splitZero, toText } from '../byte-path.ts';
import { findRepository, type Repository, repositoryPlace } from '../repository.ts';
import { makePrivateGitDir, NO_PROGRAMS, privatePlace } from '../run/private-git-dir.ts';
import { GitFailure, type GitOptions, gitOutput } from '../run/run-git.ts';
import { repositoryState } from '../snapshots/work-tree.ts';
import type { Found, ReviewOptions } from './review-targets.ts';

export interface ChangedFile {
  /** Relative to the root of the work tree. */
  readonly path: string;
  readonly change: 'added' | 'modified' | 'deleted' | 'unmerged';
}

export interface UncommittedChanges {
  /** The index against HEAD. */
  readonly staged: readonly ChangedFile[];
  /** Files against the index. */
  readonly unstaged: readonly ChangedFile[];
  /** Neither tracked nor ignored. */
  readonly untracked: readonly string[];
  /** A list is longer than what is given of it. */
  readonly isCut: boolean;
}

export interface UncommittedOptions extends ReviewOptions {
  /** keel's own directory: git works in a private place in it. */
  readonly home: string;
}

const MAX_LISTED = 2_000;

/**
 * What is not committed yet. As no filter of the repository is run, a file under one (git-lfs) may be named that was touched
 * but not changed.
 */
export async function uncommittedChanges(options: UncommittedOptions): Promise<Found<UncommittedChanges>> {
  const repository = findRepository(options.cwd);
  if (repository === null) return { type: 'notFound', reason: 'the working directory is in no git repository' };
  try {
    using dir = privateDirectoryIn(options.home);
    return { type: 'found', ...(await compare(repository, dir.path, options)) };
  } catch (error) {
    if (error instanceof GitFailure) return { type: 'notFound', reason: error.message };
    throw error;
  }
}

function privateDirectoryIn(home: string): TemporaryDirectory {
  try {
    return temporaryDirectory(home, 'git');
  } catch (error) {
    throw new GitFailure(`no file can be put into ${home}: ${reasonOf(error)}`);
  }
}

async function compare(repository: Repository, dir: string, options: ReviewOptions): Promise<UncommittedChanges> {
  const { env, roots, signal } = options;
  const { root } = repository;
  const common: Omit<GitOptions, 'place'> = { cwd: root, workTree: root, roots, env, signal };
  const open = { ...common, place: repositoryPlace(repository) };
  const { head, format } = await repositoryState({ repository, env, roots, signal });
  const lineEnds = await gitOutput(['config', '--get-regexp', '^core\\.(autocrlf|eol)$'], { ...open, noneExitCode: 1 });
  makePrivateGitDir(dir, { format, attributes: NO_PROGRAMS, config: lineEndSettings(lineEnds.toString('utf8')) });
  copyIndex(repository, dir);
  const closed = { ...common, place: privatePlace(dir, root, join(repository.commonDir, 'objects')) };
  // It says by its exit code that some files differ.
  await gitOutput(['update-index', '-q', '--unmerged', '--ignore-submodules', '--refresh'], {
    ...closed,
    noneExitCode: 1,
  });
  const base = head ?? (await gitOutput(['mktree'], { ...closed, input: new Uint8Array() })).toString('latin1').trim();
  const form = ['--name-status', '-z', '--no-renames', '--ignore-submodules=all', '--no-ext-diff'];
  const [staged, unstaged, untracked] = await Promise.all([
    gitOutput(['diff-index', '--cached', ...form, base], closed).then(changedFiles),
    gitOutput(['diff-files', ...form], closed).then(changedFiles),
    gitOutput(['ls-files', '-z', '--others', '--exclude-standard'], open).then(splitZero),
  ]);
  const isCut = [staged, unstaged, untracked].some((list) => list.length > MAX_LISTED);
  return {
    staged: staged.slice(0, MAX_LISTED),
    unstaged: unstaged.slice(0, MAX_LISTED),
    untracked: untracked.slice(0, MAX_LISTED).map(toText),
    isCut,
  };
}

/** The last one of each counts, as in git; a value that git does not know is not passed on. */
function lineEndSettings(output: string): string[] {
  return output.split('\n').flatMap((line) => {
    const [, name, value] = /^core\.(autocrlf|eol) (true|false|input|lf|crlf|native)$/.exec(line) ?? [];
    return name === undefined ? [] : [`${name} = ${value}`];
  });
}

/** With the file that a split index rests on. Its time is rounded down, so that files as new as it are compared. */
function copyIndex({ gitDir }: Repository, dir: string): void {
  const index = join(dir, 'index');
  try {
    const seconds = Math.floor(statSync(join(gitDir, 'index')).mtimeMs / 1000);
    copyFileSync(join(gitDir, 'index'), index);
    utimesSync(index, seconds, seconds);
    for (const name of readdirSync(gitDir)) {
      if (name.startsWith('sharedindex.')) symlinkSync(join(gitDir, name), join(dir, name));
    }
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return;
    throw new GitFailure(`the index can't be read: ${reasonOf(error)}`);
  }
}

function changedFiles(output: Buffer): ChangedFile[] {
  const parts = splitZero(output);
  const found = new Map<string, ChangedFile>();
  for (let at = 0; at + 1 < parts.length; at += 2) {
    const path = toText(parts[at + 1] ?? '');
    // An unmerged file is listed twice.
    if (found.get(path)?.change !== 'unmerged') found.set(path, { path, change: changeOf(parts[at] ?? '') });
  }
  return [...found.values()];
}

function changeOf(letter: string): ChangedFile['change'] {
  if (letter === 'A') return 'added';
  if (letter === 'D') return 'deleted';
  return letter === 'U' ? 'unmerged' : 'modified';
}
