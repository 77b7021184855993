import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createTwoFilesPatch } from 'diff';
import type { Environment } from '../../../storage/config/index.ts';
import { findRepository, repositoryPlace, runGit, uncommittedChanges } from '../../../system/git/index.ts';

/** Larger new files are named and not shown. */
const MAX_NEW_FILE_BYTES = 256 * 1024;
const MAX_NEW_FILES = 200;
/** The tree without files, which git knows without having it, by the format of its objects. */
const EMPTY_TREES = {
  sha1: '4b825dc642cb6eb9a060e54bf8d69288fbee4904',
  sha256: '6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321',
} as const;

export interface DiffPlace {
  readonly home: string;
  readonly cwd: string;
  readonly env: Environment;
  readonly signal: AbortSignal;
}

/** Everything that is not committed, new files included, as one unified diff. @throws Error that says why there is none */
export async function uncommittedDiff({ home, cwd, env, signal }: DiffPlace): Promise<string> {
  const repository = findRepository(cwd);
  if (repository === null) throw new Error(`${cwd} is in no git repository`);
  const { root } = repository;
  const options = { cwd: root, workTree: root, env, place: repositoryPlace(repository), signal, isCutAllowed: true };
  const args = ['diff', '--no-ext-diff', '--no-textconv', '--no-color', await baseOf(options)];
  const result = await runGit(args, options);
  if (result.type !== 'ok') throw new Error(result.message);
  const changes = await uncommittedChanges({ home, cwd, env, signal });
  const untracked = changes.type === 'found' ? changes.untracked : [];
  const added = untracked.slice(0, MAX_NEW_FILES).map((path) => newFile(root, path));
  const left = untracked.length - added.length;
  return [result.stdout.toString('utf8'), ...added, ...(left > 0 ? [`${left} more new files\n`] : [])].join('');
}

/** What there is no commit of yet is compared with nothing. */
async function baseOf(options: Parameters<typeof runGit>[1]): Promise<string> {
  const head = await runGit(['rev-parse', '--verify', '--quiet', 'HEAD'], options);
  if (head.type !== 'failed') return 'HEAD';
  const format = await runGit(['rev-parse', '--show-object-format'], options);
  return format.type === 'ok' && format.stdout.includes('sha256') ? EMPTY_TREES.sha256 : EMPTY_TREES.sha1;
}

function newFile(root: string, path: string): string {
  try {
    const stats = statSync(join(root, path));
    if (!stats.isFile() || stats.size > MAX_NEW_FILE_BYTES) return `new file: ${path} (${stats.size} bytes)\n`;
    const text = readFileSync(join(root, path));
    if (text.includes(0)) return `new file: ${path} (binary)\n`;
    return createTwoFilesPatch('/dev/null', `b/${path}`, '', text.toString('utf8')).replace(/^=+\n/, '');
  } catch {
    // Gone meanwhile, or out of reach.
    return `new file: ${path}\n`;
  }
}
