import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createTwoFilesPatch } from 'diff';
import type { Environment } from '../../../storage/config/index.ts';
import { findRepository, repositoryPlace, runGit, uncommittedChanges } from '../../../system/git/index.ts';

/** Larger new files are named and not shown. */
const MAX_NEW_FILE_BYTES = 256 * 1024;
const MAX_NEW_FILES = 200;

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
  const place = repositoryPlace(repository);
  const args = ['diff', '--no-ext-diff', '--no-textconv', '--no-color', 'HEAD'];
  const result = await runGit(args, {
    cwd: repository.root,
    workTree: repository.root,
    env,
    place,
    signal,
    isCutAllowed: true,
  });
  if (result.type !== 'ok') throw new Error(result.message);
  const changes = await uncommittedChanges({ home, cwd, env, signal });
  const untracked = changes.type === 'found' ? changes.untracked : [];
  const added = untracked.slice(0, MAX_NEW_FILES).map((path) => newFile(repository.root, path));
  const left = untracked.length - added.length;
  return [result.stdout.toString('utf8'), ...added, ...(left > 0 ? [`${left} more new files\n`] : [])].join('');
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
