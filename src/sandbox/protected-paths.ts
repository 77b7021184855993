import { lstatSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { readRegularFile } from '../util/index.ts';
import { realPath } from './real-path.ts';

/** Below a writable root these stay as they are, and can't be made where they are missing: they decide what runs later. */
const CLOSED_NAMES = ['.git', '.keel', '.agents', '.codex'];
/** These stay as they are where they exist: start-up files and settings that other programs take orders from. */
const GUARDED_NAMES = [
  '.bash_login',
  '.bash_logout',
  '.bash_profile',
  '.bashrc',
  '.gitconfig',
  '.gitmodules',
  '.idea',
  '.mcp.json',
  '.profile',
  '.ripgreprc',
  '.vscode',
  '.zlogin',
  '.zprofile',
  '.zshenv',
  '.zshrc',
];
/** What stays closed in a git directory even where commits are allowed: it names programs that git starts. */
const GIT_CLOSED = ['hooks', 'config', 'config.worktree', 'info', 'commondir', 'gitdir'];
const MAX_POINTER_BYTES = 4_096;

export interface ProtectionOptions {
  /** keel's own home: its settings, rules and records are nothing for a command to write. */
  readonly home?: string | undefined;
  /** Commits work: of a git directory only what names programs stays closed. */
  readonly allowGitCommit?: boolean | undefined;
}

/**
 * What stays as it is below a writable root, by its own name and by where that leads; with a `.git` file, also the
 * directory it points to and the one which that shares.
 */
export function protectedPaths(root: string, options: ProtectionOptions = {}): readonly string[] {
  const git = join(root, '.git');
  const named = [...CLOSED_NAMES, ...GUARDED_NAMES].map((name) => join(root, name)).filter((path) => path !== git);
  const gitPaths = options.allowGitCommit ? gitDirectories(root).flatMap(closedInGit) : [git, ...gitDirectories(root)];
  const own = options.home === undefined ? [] : [options.home];
  const all = [...named, ...gitPaths, ...own];
  return [...new Set([...all, ...all.map((path) => realPath(path))])];
}

/** How a missing path is kept from being made; null: it is not, since it would take no effect by being there. */
export function standIn(path: string): 'blocked' | 'blockedFile' | null {
  const name = basename(path);
  if (CLOSED_NAMES.includes(name) || name === 'hooks') return 'blocked';
  return name === 'config' || name === 'config.worktree' ? 'blockedFile' : null;
}

/** The git directories of the repository whose work tree begins at a root: its own, and the one shared by work trees. */
export function gitDirectories(root: string): readonly string[] {
  const git = join(root, '.git');
  if (isDirectory(git)) return [realPath(git)];
  const pointed = pointer(git, /^gitdir: *(\S.*?) *$/m);
  if (pointed === null) return [];
  const own = realPath(resolve(root, pointed));
  const shared = pointer(join(own, 'commondir'), /^(\S.*?) *$/m);
  return shared === null ? [own] : [own, realPath(resolve(own, shared))];
}

function closedInGit(dir: string): string[] {
  return GIT_CLOSED.map((name) => join(dir, name));
}

function pointer(path: string, pattern: RegExp): string | null {
  try {
    return pattern.exec(readRegularFile(path).toString('utf8', 0, MAX_POINTER_BYTES))?.[1] ?? null;
  } catch {
    // A directory, or nothing.
    return null;
  }
}

function isDirectory(path: string): boolean {
  try {
    return lstatSync(path).isDirectory();
  } catch {
    // There is nothing.
    return false;
  }
}
