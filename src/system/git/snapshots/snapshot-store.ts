import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { randomBytes, reasonOf } from '../../../foundation/util/index.ts';
import { type Repository, repositoryPlace } from '../repository.ts';
import type { Environment } from '../run/hardening.ts';
import { EXACT_BYTES, makePrivateGitDir, type ObjectFormat, privatePlace } from '../run/private-git-dir.ts';
import { GitFailure, type GitOptions, type GitOutputOptions, gitOutput } from '../run/run-git.ts';

/**
 * What an index says of an unchanged file is believed for this long, then all is read again: git keeps objects that nothing
 * refers to for two weeks, and a snapshot must not lean on one that is gone.
 */
const INDEX_LIFE_MS = 7 * 24 * 3_600_000;

export interface StoreOptions {
  readonly repository: Repository;
  /** keel's own directory. */
  readonly home: string;
  readonly env: Environment;
  /** Further directories in which commands may write: no git is taken from there. */
  readonly roots?: readonly string[] | undefined;
  readonly signal: AbortSignal;
  readonly now: () => number;
}

interface RunOptions
  extends Pick<GitOutputOptions, 'input' | 'timeoutMs' | 'maxOutputBytes' | 'isCutAllowed' | 'noneExitCode'> {
  /** Absolute; without it there is none. */
  readonly index?: string;
}

interface RepositoryRunOptions extends Pick<GitOutputOptions, 'input' | 'noneExitCode'> {
  /** Another directory in the place of the work tree. */
  readonly workTree?: string;
}

/**
 * Where the snapshots of one work tree live: a git directory in keel's home that borrows the repository's objects and adds
 * its own. The repository gets none of them, so neither its garbage collection, a push nor a backup meets a snapshot, and it
 * may be read-only; a command in the sandbox can't reach them.
 */
export class SnapshotStore {
  readonly repository: Repository;
  readonly dir: string;
  readonly #options: StoreOptions;

  private constructor(dir: string, options: StoreOptions) {
    this.dir = dir;
    this.repository = options.repository;
    this.#options = options;
  }

  /** @throws GitFailure if keel's home can't be written to */
  static open(options: StoreOptions, format: ObjectFormat): SnapshotStore {
    const dir = storeDirectory(options.home, options.repository);
    try {
      if (!existsSync(join(dir, 'HEAD'))) {
        mkdirSync(dir, { recursive: true, mode: 0o700 });
        writeFileSync(join(dir, 'work-tree'), options.repository.root);
        makePrivateGitDir(dir, { format, attributes: EXACT_BYTES });
      }
      return new SnapshotStore(dir, options);
    } catch (error) {
      throw new GitFailure(`${dir} can't be written: ${reasonOf(error)}`);
    }
  }

  /** Null if no snapshot was ever taken of this work tree. */
  static existing(options: StoreOptions): SnapshotStore | null {
    const dir = storeDirectory(options.home, options.repository);
    return existsSync(join(dir, 'HEAD')) ? new SnapshotStore(dir, options) : null;
  }

  get signal(): AbortSignal {
    return this.#options.signal;
  }

  get home(): string {
    return this.#options.home;
  }

  /** Runs git in the store. @throws GitFailure */
  git(args: readonly string[], { index, ...rest }: RunOptions = {}): Promise<Buffer> {
    const { root, commonDir } = this.repository;
    const place = {
      ...privatePlace(this.dir, root, join(commonDir, 'objects')),
      GIT_INDEX_FILE: index ?? join(this.dir, 'no-index'),
      GIT_AUTHOR_NAME: 'keel',
      GIT_AUTHOR_EMAIL: 'keel@localhost',
      GIT_COMMITTER_NAME: 'keel',
      GIT_COMMITTER_EMAIL: 'keel@localhost',
    };
    return gitOutput(args, { ...this.#common(), ...rest, place });
  }

  /** Runs git in the repository itself, for commands that only deal in names. @throws GitFailure */
  gitInRepository(args: readonly string[], options: RepositoryRunOptions = {}): Promise<Buffer> {
    const { workTree = this.repository.root, ...rest } = options;
    const place = { ...repositoryPlace(this.repository), GIT_WORK_TREE: workTree };
    return gitOutput(args, { ...this.#common(), ...rest, cwd: workTree, place });
  }

  #common(): Pick<GitOptions, 'cwd' | 'workTree' | 'roots' | 'env' | 'signal'> {
    const { root } = this.repository;
    const { env, roots, signal } = this.#options;
    return { cwd: root, workTree: root, roots, env, signal };
  }

  /** Keeps a snapshot from being tidied away. */
  keep(id: string): void {
    const refs = join(this.dir, 'refs', 'snapshots');
    mkdirSync(refs, { recursive: true });
    writeFileSync(join(refs, id), `${id}\n`);
  }

  /** A path for a file that only the caller uses, and removes. */
  temporaryPath(): string {
    return join(this.dir, `tmp-${randomBytes(8).toString('hex')}`);
  }

  /**
   * A copy of the index that the last snapshot of this scope left behind: it makes unchanged files cheap. False if there is
   * none. Its time is kept, rounded down: git compares a file again that is not older than the index.
   */
  copyIndex(scope: string, to: string): boolean {
    const from = this.#indexPath(scope);
    try {
      const seconds = Math.floor(statSync(from).mtimeMs / 1000);
      copyFileSync(from, to);
      utimesSync(to, seconds, seconds);
      return true;
    } catch {
      // None yet, or replaced at this moment: all files are read.
      rmSync(to, { force: true });
      return false;
    }
  }

  keepIndex(scope: string, from: string): void {
    const to = this.#indexPath(scope);
    if (!existsSync(to)) {
      const [prefix = ''] = to.slice(this.dir.length + 1).split('.');
      for (const name of readdirSync(this.dir)) {
        if (name.startsWith(`${prefix}.`)) rmSync(join(this.dir, name), { force: true });
      }
    }
    renameSync(from, to);
  }

  dropIndex(scope: string): void {
    rmSync(this.#indexPath(scope), { force: true });
  }

  #indexPath(scope: string): string {
    const period = Math.floor(this.#options.now() / INDEX_LIFE_MS);
    return join(this.dir, `index-${digest(scope)}.${period}`);
  }
}

/** All stores of a keel. */
export function storesDirectory(home: string): string {
  return join(home, 'undo');
}

function storeDirectory(home: string, { root }: Repository): string {
  return join(storesDirectory(home), digest(root));
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 24);
}
