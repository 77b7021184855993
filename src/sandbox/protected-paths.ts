import { lstatSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gitDirectories, isDirectory, openableGitDirectories } from './git-directories.ts';
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
/**
 * What stays closed in a git directory even where commits are allowed: it names programs that git starts, or leads to other
 * git directories that do.
 */
const GIT_CLOSED = ['hooks', 'config', 'config.worktree', 'info', 'commondir', 'gitdir', 'modules', 'worktrees'];

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
  const own = options.home === undefined ? [] : [options.home];
  const all = [...named, ...closedForGit(git, root, options), ...own];
  return [...new Set([...all, ...all.map((path) => realPath(path))])];
}

/** The git directories of a root that are opened for commits; none where a link, which no mount covers, would have to stay closed. */
export function openedForCommits(root: string, { allowGitCommit = false }: ProtectionOptions): readonly string[] {
  const dirs = allowGitCommit ? openableGitDirectories(root) : [];
  return dirs.flatMap(closedInGit).some(isLink) ? [] : dirs;
}

/** A `.git` that is no directory itself says where the repository is, which is not for a command to change. */
function closedForGit(git: string, root: string, options: ProtectionOptions): readonly string[] {
  const open = openedForCommits(root, options);
  const closed = gitDirectories(root).filter((dir) => !open.includes(dir));
  // Hooks that are kept elsewhere, by a link, are hooks as well.
  const linked = closed
    .flatMap(closedInGit)
    .filter(isLink)
    .map((path) => realPath(path));
  const named = open.length > 0 && isDirectory(git) ? [] : [git];
  return [...named, ...closed, ...linked, ...open.flatMap(closedInGit)];
}

/** How a missing path is kept from being made; null: it is not, since it would take no effect by being there. */
export function standIn(path: string): 'blocked' | 'blockedFile' | null {
  const name = basename(path);
  if (CLOSED_NAMES.includes(name) || name === 'hooks') return 'blocked';
  return ['config', 'config.worktree', 'commondir'].includes(name) ? 'blockedFile' : null;
}

/** What stands in a blocked file. Git would fail over an empty `commondir`; this one says what its absence does. */
export function standInText(path: string): string {
  return basename(path) === 'commondir' ? '.\n' : '';
}

function closedInGit(dir: string): string[] {
  return GIT_CLOSED.map((name) => join(dir, name));
}

function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
}
