import { existsSync, realpathSync, rmSync } from 'node:fs';
import { type BytePath, isWithin, joinZero, splitZero, toBytes, toText } from '../byte-path.ts';
import { pathInRepository, repositoryPlace } from '../repository.ts';
import type { ObjectFormat } from '../run/private-git-dir.ts';
import { GitFailure, runGit } from '../run/run-git.ts';
import type { SnapshotStore, StoreOptions } from './snapshot-store.ts';
import { type LeftOut, type SnapshotLimits, type Survey, survey } from './survey.ts';

/** The first look at a big work tree reads all of it. */
const RECORD_TIMEOUT_MS = 240_000;
/** For HEAD and one setting, which git reads at once unless it hangs. */
const STATE_LIMIT_MS = 10_000;
const MAX_LISTING_BYTES = 256 * 1024 * 1024;
const GITLINK = '160000';

export interface RepositoryState {
  readonly format: ObjectFormat;
  /** The commit that is checked out; null before the first. */
  readonly head: string | null;
}

/** Asked first by every operation, so that a git that hangs is noticed early. @throws GitFailure */
export async function repositoryState({
  repository,
  env,
  roots,
  signal,
}: Omit<StoreOptions, 'home' | 'now'>): Promise<RepositoryState> {
  const { root } = repository;
  const place = repositoryPlace(repository);
  const options = { cwd: root, workTree: root, roots, env, signal, place, timeoutMs: STATE_LIMIT_MS };
  const result = await runGit(['rev-parse', '--show-object-format', 'HEAD^{commit}'], options);
  // Without a commit it prints the format and fails.
  if (result.type !== 'ok' && result.type !== 'failed') throw new GitFailure(result.message, result.type === 'aborted');
  const [format, head] = result.stdout.toString('latin1').split('\n');
  if (format !== 'sha1' && format !== 'sha256') {
    throw new GitFailure(
      result.type === 'failed' ? result.message : `git objects in the format ${format} are not known to keel`,
    );
  }
  return { format, head: result.type === 'ok' && head ? head : null };
}

export interface RecordRequest {
  /** Only this directory and what is below it. */
  readonly scope: BytePath;
  readonly limits: SnapshotLimits;
  /** Held, where they exist, whether or not git would add them. */
  readonly always?: readonly BytePath[];
}

export interface RecordedTree extends Survey {
  /** Object id. */
  readonly tree: string;
}

/**
 * Writes what a work tree holds now as a tree of git: tracked files and those that git would add, byte for byte. The
 * repository's index is only asked for names: what it says of contents is what filters made of them.
 * @throws GitFailure
 */
export async function recordWorkTree(store: SnapshotStore, request: RecordRequest): Promise<RecordedTree> {
  const { scope, limits, always = [] } = request;
  const { root } = store.repository;
  const [entries, untracked] = await Promise.all([indexEntries(store, scope), untrackedPaths(store, scope)]);
  const { tracked, submodules } = entries;
  const excluded = homePath(store);
  const found = await survey({ root, tracked, untracked, always, excluded, limits, signal: store.signal });
  const leftOut = [...found.leftOut, ...checkedOut(root, submodules)];
  return { ...found, leftOut, tree: await writeTree(store, scope, found.paths) };
}

interface IndexEntries {
  readonly tracked: readonly BytePath[];
  readonly submodules: readonly BytePath[];
}

async function indexEntries(store: SnapshotStore, scope: BytePath): Promise<IndexEntries> {
  const output = await store.gitInRepository(['ls-files', '-z', '--stage', ...pathspec(scope)]);
  const tracked: BytePath[] = [];
  const submodules: BytePath[] = [];
  for (const line of splitZero(output)) {
    (line.startsWith(GITLINK) ? submodules : tracked).push(line.slice(line.indexOf('\t') + 1));
  }
  return { tracked, submodules };
}

/** Submodules with files that can change. */
function checkedOut(root: string, submodules: readonly BytePath[]): LeftOut[] {
  const hasFiles = (path: BytePath) =>
    existsSync(Buffer.concat([Buffer.from(`${root}/`), toBytes(path), Buffer.from('/.git')]));
  return submodules.filter(hasFiles).map((path) => ({ path, why: 'submodule' }));
}

function untrackedPaths(store: SnapshotStore, scope: BytePath): Promise<BytePath[]> {
  const args = ['ls-files', '-z', '--others', '--exclude-standard', ...pathspec(scope)];
  return store.gitInRepository(args).then(splitZero);
}

/** Arguments after which only paths within the scope are meant. A name that is not UTF-8 can't be passed to a program. */
function pathspec(scope: BytePath): string[] {
  if (scope === '') return ['--'];
  if (toText(scope).includes('\uFFFD')) throw new GitFailure('the name of the working directory is not UTF-8');
  return ['--', `:(literal)${toText(scope)}`];
}

/** Where keel's own files are, if they are in the work tree. */
function homePath({ repository, home }: SnapshotStore): BytePath | null {
  return pathInRepository(repository, realpathSync(home)) || null;
}

async function writeTree(store: SnapshotStore, scope: BytePath, paths: readonly BytePath[]): Promise<string> {
  const index = store.temporaryPath();
  try {
    const isWarm = store.copyIndex(scope, index);
    try {
      return await fillIndex(store, { scope, paths, index });
    } catch (error) {
      if (error instanceof GitFailure && error.isAbort) throw error;
      // A file changed while it was read, or the index was damaged when the machine went down.
      rmSync(index, { force: true });
      if (isWarm) store.dropIndex(scope);
      return await fillIndex(store, { scope, paths, index });
    }
  } finally {
    rmSync(index, { force: true });
    rmSync(`${index}.lock`, { force: true });
  }
}

interface IndexRequest {
  readonly scope: BytePath;
  readonly paths: readonly BytePath[];
  /** Absolute. */
  readonly index: string;
}

async function fillIndex(store: SnapshotStore, { scope, paths, index }: IndexRequest): Promise<string> {
  const options = { index, timeoutMs: RECORD_TIMEOUT_MS, maxOutputBytes: MAX_LISTING_BYTES };
  const listed = new Set(paths);
  const stale = splitZero(await store.git(['ls-files', '-z'], options)).filter((path) => !listed.has(path));
  if (stale.length > 0) {
    await store.git(['update-index', '--force-remove', '-z', '--stdin'], { ...options, input: joinZero(stale) });
  }
  const args = ['update-index', '--add', '--remove', '--replace', '-z', '--stdin'];
  await store.git(args, { ...options, input: joinZero(paths) });
  const tree = (await store.git(['write-tree'], options)).toString('latin1').trim();
  store.keepIndex(scope, index);
  return tree;
}

/** One path by which two trees differ, as seen from the first of them. */
export interface TreeChange {
  readonly path: BytePath;
  readonly change: 'added' | 'changed' | 'deleted';
  /** Git's, of the second tree: `100644`, `100755`, `120000`. */
  readonly mode: string;
  /** Object id of the blob in the second tree. */
  readonly object: string;
}

/** @throws GitFailure */
export async function compareTrees(
  store: SnapshotStore,
  from: string,
  to: string,
  scope: BytePath,
): Promise<TreeChange[]> {
  const args = ['diff-tree', '-r', '-z', '--raw', '--no-renames', '--no-abbrev', from, to];
  const parts = splitZero(await store.git(args, { maxOutputBytes: MAX_LISTING_BYTES }));
  const changes: TreeChange[] = [];
  for (let at = 0; at + 1 < parts.length; at += 2) {
    const [, mode = '', , object = '', letter = ''] = (parts[at] ?? '').split(' ');
    const change = letter === 'A' ? 'added' : letter === 'D' ? 'deleted' : 'changed';
    changes.push({ path: parts[at + 1] ?? '', change, mode, object });
  }
  return changes.filter(({ path }) => isWithin(path, scope));
}

/** A file of a tree, with everything below it. */
export type TreeFile = Pick<TreeChange, 'path' | 'mode' | 'object'>;

/** @throws GitFailure */
export async function filesOfTree(store: SnapshotStore, tree: string): Promise<TreeFile[]> {
  const output = await store.git(['ls-tree', '-r', '-z', '--full-tree', tree], { maxOutputBytes: MAX_LISTING_BYTES });
  return splitZero(output).map((line) => {
    const tab = line.indexOf('\t');
    const [mode = '', , object = ''] = line.slice(0, tab).split(' ');
    return { path: line.slice(tab + 1), mode, object };
  });
}
