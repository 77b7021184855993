import { statSync } from 'node:fs';
import { join } from 'node:path';
import { findRepository, type Repository, repositoryPlace } from './repository.ts';
import type { Environment } from './run/hardening.ts';
import { namesPrograms } from './run/names-programs.ts';
import { runGit } from './run/run-git.ts';

export type RepositoryFacts =
  | { readonly isRepository: false }
  | {
      readonly isRepository: true;
      /** Branch name, or a short hash when none is checked out. */
      readonly branch: string;
      readonly changed: number;
      readonly untracked: number;
    };

export interface GatherOptions {
  /** Gives up at once. */
  readonly signal?: AbortSignal;
  /** git is given up after this, milliseconds. */
  readonly deadlineMs?: number;
  /** Further directories in which commands may write: no git is taken from there. */
  readonly roots?: readonly string[] | undefined;
}

const DEADLINE_MS = 150;
/**
 * The index of some 30,000 files. In a larger work tree git has no answer in time, and works for nothing beside what the user
 * waits for.
 */
const MAX_INDEX_BYTES = 3 * 1024 * 1024;
const MAX_OUTPUT_BYTES = 4 * 1024 * 1024;
const SHORT_HASH_CHARS = 7;
const STATUS = [
  'status',
  '--porcelain=v2',
  '--branch',
  '--untracked-files=normal',
  // Neither are other repositories asked, nor contents compared, which might have to be fetched.
  '--ignore-submodules=dirty',
  '--no-renames',
];

/**
 * Asks git for the state of the work tree. Null if there is no answer in time, as in a very large one, or none that is safe to ask
 * for: a filter that the repository configures can't be switched off by an option, so git is then not asked at all.
 */
export async function gatherRepositoryFacts(
  cwd: string,
  env: Environment,
  { signal = new AbortController().signal, deadlineMs = DEADLINE_MS, roots }: GatherOptions = {},
): Promise<RepositoryFacts | null> {
  const repository = findRepository(cwd);
  if (repository === null) return { isRepository: false };
  if (namesPrograms(repository) || indexBytes(repository) > MAX_INDEX_BYTES) return null;
  const { root } = repository;
  const result = await runGit(STATUS, {
    cwd: root,
    workTree: root,
    roots,
    env,
    place: repositoryPlace(repository),
    signal,
    timeoutMs: deadlineMs,
    maxOutputBytes: MAX_OUTPUT_BYTES,
  });
  return result.type === 'ok' ? parseStatus(result.stdout.toString('utf8')) : null;
}

function indexBytes({ gitDir }: Pick<Repository, 'gitDir'>): number {
  return statSync(join(gitDir, 'index'), { throwIfNoEntry: false })?.size ?? 0;
}

function parseStatus(output: string): RepositoryFacts {
  const lines = output.split('\n');
  const headOf = (name: string) => lines.find((line) => line.startsWith(`# ${name} `))?.slice(name.length + 3) ?? '';
  const branch = headOf('branch.head');
  return {
    isRepository: true,
    branch: branch === '(detached)' ? headOf('branch.oid').slice(0, SHORT_HASH_CHARS) : branch,
    changed: lines.filter((line) => /^[12u] /.test(line)).length,
    untracked: lines.filter((line) => line.startsWith('? ')).length,
  };
}
