import { findRepository, repositoryPlace } from '../repository.ts';
import type { Environment } from '../run/hardening.ts';
import { type GitResult, runGit } from '../run/run-git.ts';

export interface ReviewOptions {
  readonly cwd: string;
  /** The user's environment, for PATH and HOME. */
  readonly env: Environment;
  /** Further directories in which commands may write: no git is taken from there. */
  readonly roots?: readonly string[] | undefined;
  readonly signal: AbortSignal;
}

/** Data for a prompt or a list to choose from. What commits and branches are called is anyone's text. */
export type Found<T> = ({ readonly type: 'found' } & T) | { readonly type: 'notFound'; readonly reason: string };

export interface Commit {
  readonly sha: string;
  readonly shortSha: string;
  /** First line of its message, without control characters. */
  readonly title: string;
  /** When it was committed, seconds since 1970. */
  readonly committedAt: number;
}

export interface Branch {
  readonly name: string;
  readonly sha: string;
  readonly isCurrent: boolean;
}

const MAX_NAME_CHARS = 250;
const MAX_TITLE_CHARS = 500;
const MAX_LISTED = 1_000;
const COMMIT_FORMAT = '%H%x00%h%x00%ct%x00%s';

/**
 * The commit where HEAD and a base parted: the start of what HEAD adds to it. The base is a branch, one that only `origin` has,
 * or any other name of a commit.
 */
export async function mergeBase(base: string, options: ReviewOptions): Promise<Found<{ readonly mergeBase: string }>> {
  if (!isRevision(base)) return notFound(`${shown(base)} is not the name of a branch or a commit`);
  for (const ref of [`refs/heads/${base}`, `refs/remotes/${base}`, `refs/remotes/origin/${base}`, base]) {
    const tip = await resolve(ref, options);
    if (tip.type === 'missing') continue;
    if (tip.type === 'notFound') return tip;
    const result = await git(['merge-base', 'HEAD', tip.sha], options);
    if (result.type === 'ok') return { type: 'found', mergeBase: textOf(result.stdout).trim() };
    return notFound(result.type === 'failed' ? `HEAD and ${base} have no common ancestor` : result.message);
  }
  return notFound(`there is no branch or commit ${base} in this repository`);
}

/** Whether there is a work tree here that git can look at; its path is absolute. */
export async function findWorkTree(options: ReviewOptions): Promise<Found<{ readonly root: string }>> {
  const result = await git(['rev-parse', '--show-toplevel'], options);
  return result.type === 'ok' ? { type: 'found', root: textOf(result.stdout).trim() } : notFound(result.message);
}

/** The commit that `revision` means: a hash or its beginning, a branch or a tag, each with `~2` or `^` behind it. */
export async function findCommit(
  revision: string,
  options: ReviewOptions,
): Promise<Found<{ readonly commit: Commit }>> {
  if (!isRevision(revision)) return notFound(`${shown(revision)} is not the name of a commit, a branch or a tag`);
  const tip = await resolve(revision, options);
  if (tip.type === 'notFound') return tip;
  const [commit] = tip.type === 'missing' ? [] : await commits([tip.sha, '--max-count=1'], options);
  return commit ? { type: 'found', commit } : notFound(`there is no commit ${revision} in this repository`);
}

/** The newest commits that HEAD has, newest first; none before the first commit or outside of a repository. */
export function recentCommits(count: number, options: ReviewOptions): Promise<Commit[]> {
  const max = Math.min(Math.max(Math.trunc(count), 1), MAX_LISTED);
  return commits(['HEAD', `--max-count=${max}`], options);
}

/** The one committed to last comes first. */
export async function localBranches(options: ReviewOptions): Promise<Branch[]> {
  const format = '%(refname:lstrip=2)%00%(objectname)%00%(HEAD)';
  const args = ['for-each-ref', '--sort=-committerdate', `--count=${MAX_LISTED}`, `--format=${format}`, 'refs/heads'];
  const result = await git(args, options);
  if (result.type !== 'ok') return [];
  return lines(result.stdout).map((line) => {
    const [name = '', sha = '', mark] = line.split('\0');
    return { name, sha, isCurrent: mark === '*' };
  });
}

async function commits(which: readonly string[], options: ReviewOptions): Promise<Commit[]> {
  const form = [`--format=${COMMIT_FORMAT}`, '--no-decorate', '--no-notes', '--no-patch', '--no-mailmap'];
  const result = await git(['log', ...form, ...which, '--'], options);
  if (result.type !== 'ok') return [];
  return lines(result.stdout).map((line) => {
    const [sha = '', shortSha = '', time, title = ''] = line.split('\0');
    const plain = title.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, ' ');
    return { sha, shortSha, title: plain.slice(0, MAX_TITLE_CHARS), committedAt: Number(time) };
  });
}

/** Object id of the commit; `missing` if there is none, `notFound` if git gave no answer. */
async function resolve(
  revision: string,
  options: ReviewOptions,
): Promise<Found<{ readonly sha: string }> | { readonly type: 'missing' }> {
  const result = await git(['rev-parse', '--verify', '--quiet', `${revision}^{commit}`], options);
  if (result.type === 'ok') return { type: 'found', sha: textOf(result.stdout).trim() };
  return result.type === 'failed' ? { type: 'missing' } : notFound(result.message);
}

async function git(args: readonly string[], { cwd, env, roots, signal }: ReviewOptions): Promise<GitResult> {
  const repository = findRepository(cwd);
  if (repository === null) return { type: 'noGit', message: `${cwd} is not inside a Git repository` };
  const { root } = repository;
  return runGit(args, { cwd: root, workTree: root, roots, env, signal, place: repositoryPlace(repository) });
}

/** Git's own rules for names, and no further: what passes can be no option, range, path or command to git. */
function isBranchName(name: string): boolean {
  if (name === '' || name.length > MAX_NAME_CHARS || name === '@' || name.startsWith('-')) return false;
  if (/[\u0000-\u0020\u007f~^:?*[\\]|\.\.|@\{/.test(name)) return false;
  return name.split('/').every((part) => part !== '' && !/^\.|\.$|\.lock$/.test(part));
}

function isRevision(text: string): boolean {
  const name = text.replace(/(?:[~^]\d{0,6}){0,8}$/, '');
  return isBranchName(name);
}

function notFound(reason: string): { readonly type: 'notFound'; readonly reason: string } {
  return { type: 'notFound', reason };
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, MAX_NAME_CHARS));
}

function lines(output: Buffer): string[] {
  return textOf(output).split('\n').filter(Boolean);
}

function textOf(output: Buffer): string {
  return output.toString('utf8');
}
