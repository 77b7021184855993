import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { realPath } from '../../../foundation/util/index.ts';
import { gitConfigPaths } from './git-config-paths.ts';
import { gitDirectories, isDirectory, openableGitDirectories } from './git-directories.ts';

/** These decide what runs later, wherever they are below a writable root. */
const KEEL_NAMES = ['.keel', '.agents', '.codex', '.claude'];
export const PROTECTED_NAMES = ['.git', ...KEEL_NAMES];
/** These stay as they are where they exist directly in a root: files and folders that other programs take orders from. */
const GUARDED_NAMES = [
  ...['.bash_login', '.bash_logout', '.bash_profile', '.bashrc', '.envrc', '.gitconfig', '.gitmodules', '.idea'],
  ...['.mcp.json', '.profile', '.ripgreprc', '.vscode', '.zlogin', '.zlogout', '.zprofile', '.zshenv', '.zshrc'],
];
/**
 * What stays closed in a git directory even where commits are allowed: it names programs that git starts, or leads to other
 * git directories that do.
 */
export const GIT_CLOSED = ['hooks', 'config', 'config.worktree', 'info', 'commondir', 'gitdir', 'modules', 'worktrees'];

export interface ProtectionOptions {
  /** keel's own home: its settings, rules and records are nothing for a command to write. */
  readonly home?: string | undefined;
  /** Commits work: of a git directory only what names programs stays closed. */
  readonly allowGitCommit?: boolean | undefined;
}

/** What stays as it is directly in a writable root, by its own name and by where that leads; `.git` is `protectedForGit`. */
export function protectedInRoot(root: string): readonly string[] {
  return withTargets([...GUARDED_NAMES, ...KEEL_NAMES].map((name) => join(root, name)));
}

/** What is protected in a directory somewhere below a root. */
export function protectedInDirectory(dir: string): readonly string[] {
  return withTargets(KEEL_NAMES.map((name) => join(dir, name)));
}

/** The git directories of a work tree that are opened for commits; none where a link, which no mount covers, would have to stay closed. */
export function openedForCommits(dir: string, { allowGitCommit = false }: ProtectionOptions): readonly string[] {
  const dirs = allowGitCommit ? openableGitDirectories(dir) : [];
  return dirs.flatMap(closedInGit).some(isLink) ? [] : dirs;
}

/**
 * What git obeys in a work tree. A `.git` that isn't a directory itself says where the repository is, which is not
 * for a command to change.
 */
export function protectedForGit(dir: string, options: ProtectionOptions = {}): readonly string[] {
  const git = join(dir, '.git');
  const dirs = gitDirectories(dir);
  const open = openedForCommits(dir, options);
  const closed = dirs.filter((each) => !open.includes(each));
  // Hooks that are kept elsewhere, by a link or by a setting, are hooks as well.
  const linked = dirs
    .flatMap(closedInGit)
    .filter(isLink)
    .map((path) => realPath(path));
  const named = open.length > 0 && isDirectory(git) ? [] : [git];
  const configured = dirs.flatMap((each) => gitConfigPaths(each, dir));
  return withTargets([...named, ...closed, ...linked, ...configured, ...open.flatMap(closedInGit)]);
}

function withTargets(paths: readonly string[]): readonly string[] {
  return [...new Set([...paths, ...paths.map((path) => realPath(path))])];
}

function closedInGit(dir: string): string[] {
  return GIT_CLOSED.map((name) => join(dir, name));
}

function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
}
