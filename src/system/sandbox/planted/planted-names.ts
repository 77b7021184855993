import { lstatSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { isInside, realPath, visible } from '../../../foundation/util/index.ts';
import { gitDirectories } from '../protected/git-directories.ts';
import { GIT_CLOSED, PROTECTED_NAMES } from '../protected/protected-paths.ts';
import { disable } from './disable.ts';
import { makeGitDirectoryInert } from './inert-git.ts';
import { type FoundName, type ScanLimits, scan, scanInBackground, scanUntil } from './scan.ts';

/** Where commands can write, and where one runs. */
export interface Reach {
  /** Without symlinks. */
  readonly roots: readonly string[];
  /** Directories for temporary files among them. Other programs of the user put their own things there at any time. */
  readonly scratch: readonly string[];
  readonly cwd: string;
  /** Git directories that are opened for commits. */
  readonly opened: readonly string[];
}

const LIMITS: ScanLimits = { maxDirectories: 3_000, maxDepth: 10 };
/** Each of them costs mounts in every command. */
const MAX_NESTED = 128;
/** How long after the last command the whole of the roots is looked through. */
const SETTLED_MS = 500;
/** What is left of that when the session ends takes some 10 ms at most. */
const LAST_LIMITS: ScanLimits = { maxDirectories: 1_000, maxDepth: 10 };

/**
 * The one owner of protected names that were missing. Nothing is put in their place, so commands can make them. What was there
 * before a command is protected from it by mounts; what one has made is found when it ends, made inert, and reported. keel
 * itself obeys none of it meanwhile: it reads settings at its start.
 */
export class PlantedNames {
  /** Protected paths that no command of this session has made. */
  readonly #known = new Set<string>();
  /** Directories below the roots that hold some of them. */
  readonly #nested = new Set<string>();
  /** Work trees whose `.git` a command has made: what git would run there is looked for after every command. */
  readonly #made = new Set<string>();
  /** Git directories that are opened for commits, with what was closed in them when they first were. */
  readonly #opened = new Map<string, readonly string[]>();
  readonly #scanned = new Set<string>();
  readonly #ended = new AbortController();
  readonly #findings: string[] = [];
  #reach: Reach | null = null;
  #running = 0;
  #timer: NodeJS.Timeout | null = null;
  #isDirty = false;

  /** Directories below the roots that hold protected names which commands have not made. */
  get nested(): readonly string[] {
    return [...this.#nested];
  }

  /** Work trees whose `.git` a command has made. */
  get made(): readonly string[] {
    return [...this.#made];
  }

  /** Looks for what is there already, in small slices. What it has no time for is found when the first plan is made. */
  async prepare(reach: Reach): Promise<void> {
    for (const root of this.#unscanned(reach)) {
      // A plan does not wait for this one, and what comes after a plan may be made by its command.
      const learn = (found: FoundName) => !this.#scanned.has(root) && this.#learn(found, root);
      const isWhole = await scanInBackground(scan(root, LIMITS), learn, this.#ended.signal);
      if (isWhole) this.#scanned.add(root);
    }
  }

  /** Call before a command is planned: what is there by now was not made by it. */
  beforePlan(reach: Reach): void {
    for (const root of this.#unscanned(reach)) {
      scanUntil(scan(root, LIMITS), Number.POSITIVE_INFINITY, (found) => this.#learn(found, root));
      this.#scanned.add(root);
    }
    // While another command runs, it may be the one that has made something.
    if (this.#running > 0) return;
    for (const dir of nearDirectories(reach))
      for (const name of PROTECTED_NAMES) if (exists(join(dir, name))) this.#learn({ dir, name }, dir);
  }

  /** What keel itself has written with the user's approval. */
  approve(paths: readonly string[]): void {
    for (const path of paths) {
      for (let dir = path; dir !== dirname(dir); dir = dirname(dir)) {
        if (PROTECTED_NAMES.includes(basename(dir))) this.#known.add(dir);
      }
    }
  }

  /** Call before a sandboxed command runs; the function it gives, once, when all the command started has ended. */
  track(reach: Reach): () => void {
    this.#reach = reach;
    this.#running += 1;
    for (const dir of reach.opened) if (!this.#opened.has(dir)) this.#opened.set(dir, closedIn(dir));
    this.#stopTimer();
    return () => {
      this.#running -= 1;
      for (const dir of [...nearDirectories(reach), ...this.#nested])
        for (const name of PROTECTED_NAMES) this.#judge({ dir, name }, reach);
      this.#checkMade(reach);
      this.#isDirty = true;
      if (this.#running === 0 && !this.#ended.signal.aborted) this.#startTimer(reach);
    };
  }

  /** What was made inert since the last call, a sentence each. */
  takeFindings(): readonly string[] {
    // Names are the command's choice: each finding stays one line.
    return this.#findings.splice(0).map((text) => visible(text).replaceAll('\n', '\\n'));
  }

  close(): void {
    this.#stopTimer();
    this.#ended.abort();
    const reach = this.#reach;
    if (!this.#isDirty || reach === null) return;
    for (const root of toScan(reach))
      scanUntil(scan(root, LAST_LIMITS), Number.POSITIVE_INFINITY, (found) => this.#judge(found, reach));
    this.#checkMade(reach);
  }

  #unscanned(reach: Reach): readonly string[] {
    return toScan(reach).filter((root) => !this.#scanned.has(root));
  }

  #startTimer(reach: Reach): void {
    this.#timer = setTimeout(() => void this.#lookDeeper(reach), SETTLED_MS).unref();
  }

  #stopTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  async #lookDeeper(reach: Reach): Promise<void> {
    this.#isDirty = false;
    for (const root of toScan(reach)) {
      const isWhole = await scanInBackground(
        scan(root, LIMITS),
        (found) => this.#judge(found, reach),
        this.#ended.signal,
      );
      if (!isWhole) this.#isDirty = true;
    }
  }

  #learn({ dir, name }: FoundName, root: string): void {
    const path = join(dir, name);
    if (this.#made.has(dir) && name === '.git') return;
    this.#known.add(path);
    if (dir !== root && this.#nested.size < MAX_NESTED) this.#nested.add(dir);
  }

  #judge({ dir, name }: FoundName, reach: Reach): void {
    const path = join(dir, name);
    if (this.#known.has(path) || (name === '.git' && this.#made.has(dir))) return;
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat === undefined) return;
    if (name === '.git' && !stat.isSymbolicLink()) {
      this.#made.add(dir);
      this.#checkMade(reach, [dir]);
    } else if (name === '.git' || !this.#isForeignProject(dir, reach)) {
      const now = disable(path);
      const who = name === '.git' ? 'git' : 'keel';
      if (now !== null)
        this.#findings.push(`${path}, which ${who} would obey later, was made by a command; it is ${now} now`);
    }
  }

  /** What was cloned or set up below the project is a project of its own, which keel obeys only if the user trusts it. */
  #isForeignProject(dir: string, { roots, cwd }: Reach): boolean {
    for (let each = dir; !roots.includes(each) && each !== dirname(each); each = dirname(each)) {
      if (isInside(cwd, each)) return false;
      if (exists(join(each, '.git'))) return true;
    }
    return false;
  }

  #checkMade({ roots }: Reach, dirs: Iterable<string> = this.#made): void {
    const report = (what: string) => this.#findings.push(what);
    for (const dir of dirs) {
      if (!exists(join(dir, '.git'))) this.#made.delete(dir);
      // A file can name any directory: what commands can't write is the user's.
      const theirs = gitDirectories(dir).filter(
        (gitDir) => roots.some((root) => isInside(gitDir, root)) && !isAnyInside(gitDir, this.#known),
      );
      for (const gitDir of theirs) makeGitDirectoryInert(gitDir, { isKnown: () => false, report });
    }
    for (const [gitDir, closed] of this.#opened)
      makeGitDirectoryInert(gitDir, { isKnown: (path) => isAnyInside(path, closed), report });
  }
}

function isAnyInside(path: string, dirs: Iterable<string>): boolean {
  for (const dir of dirs) if (isInside(path, dir)) return true;
  return false;
}

function closedIn(gitDir: string): readonly string[] {
  return GIT_CLOSED.map((name) => join(gitDir, name)).filter(exists);
}

/** In a shared directory, what others make could not be distinguished from what a command has made. */
function toScan({ roots, scratch }: Reach): readonly string[] {
  return roots.filter((root) => !scratch.includes(root));
}

/** The roots, and what lies between them and the working directory. */
function nearDirectories({ roots, cwd }: Reach): readonly string[] {
  const near = new Set(roots);
  const real = realPath(cwd);
  for (let dir = real; roots.some((root) => isInside(dir, root)) && !near.has(dir); dir = dirname(dir)) near.add(dir);
  return [...near];
}

function exists(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}
