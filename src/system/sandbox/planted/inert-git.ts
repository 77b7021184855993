import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readRegularFile } from '../../../foundation/files/index.ts';
import { isDirectory } from '../protected/git-directories.ts';
import { disable, rewrite } from './disable.ts';
import { harmlessGitConfig } from './harmless-git-config.ts';

export interface InertOptions {
  /** Whether a path is the user's own, and stays as it is. */
  readonly isKnown: (path: string) => boolean;
  /** Called with each thing that was made inert, in words. */
  readonly report: (what: string) => void;
}

/** More are not looked through: the first have been reported by then. */
const MAX_HOOKS = 100;
const MAX_MODULES = 64;
const MAX_MODULE_DEPTH = 6;

/** Takes from a git directory what git would run later without being asked: hooks, settings that name programs, planned steps. */
export function makeGitDirectoryInert(dir: string, options: InertOptions): void {
  if (!isDirectory(dir)) return;
  for (const name of ['config', 'config.worktree']) inertConfig(join(dir, name), options);
  inertHooks(join(dir, 'hooks'), options);
  inertCommonDirectory(join(dir, 'commondir'), options);
  for (const todo of ['git-rebase-todo', 'git-rebase-todo.backup']) inertTodo(join(dir, 'rebase-merge', todo), options);
  for (const name of entriesOf(join(dir, 'worktrees'))) {
    const tree = join(dir, 'worktrees', name);
    inertConfig(join(tree, 'config.worktree'), options);
    inertCommonDirectory(join(tree, 'commondir'), { ...options, expected: '../../..' });
    inertTodo(join(tree, 'rebase-merge', 'git-rebase-todo'), options);
  }
  for (const module of modulesBelow(join(dir, 'modules'))) makeGitDirectoryInert(module, options);
}

function inertConfig(path: string, { isKnown, report }: InertOptions): void {
  if (isKnown(path) || !exists(path)) return;
  const isChanged = rewrite(path, harmlessGitConfig);
  if (isChanged === true) report(`${path} named programs that git would run; those lines are comments now`);
  if (isChanged === null) renamed(path, report, 'is not a file that can be looked through');
}

function inertHooks(path: string, { isKnown, report }: InertOptions): void {
  if (isKnown(path) || !exists(path)) return;
  if (!isDirectory(path)) return renamed(path, report, 'leads to hooks elsewhere');
  const hooks = entriesOf(path).filter((name) => !/\.(?:sample|made-by-command(?:-\d+)?)$/.test(name));
  for (const name of hooks.slice(0, MAX_HOOKS)) {
    const hook = join(path, name);
    if (!isKnown(hook)) renamed(hook, report, 'would be run by git');
  }
  if (hooks.length > MAX_HOOKS) renamed(path, report, 'would be run by git');
}

interface CommonOptions extends InertOptions {
  /** What git itself writes there; absent: nothing. */
  readonly expected?: string;
}

function inertCommonDirectory(path: string, { isKnown, report, expected }: CommonOptions): void {
  if (isKnown(path) || !exists(path) || textOf(path).trim() === expected) return;
  renamed(path, report, 'has git read settings and hooks from elsewhere');
}

function inertTodo(path: string, { isKnown, report }: InertOptions): void {
  if (isKnown(path)) return;
  const isChanged = rewrite(path, (text) => text.replaceAll(/^(?=[ \t]*(?:exec|x)[ \t])/gm, '# disabled by keel: '));
  if (isChanged === true) report(`${path} named programs that git would run; those lines are comments now`);
}

function renamed(path: string, report: InertOptions['report'], why: string): void {
  const now = disable(path);
  if (now !== null) report(`${path} ${why}; it is ${now} now`);
}

/** Git directories of submodules, whose names may have several parts. */
function modulesBelow(dir: string): readonly string[] {
  const found: string[] = [];
  let level = [dir];
  for (let depth = 0; depth < MAX_MODULE_DEPTH && level.length > 0; depth += 1) {
    const next = level.flatMap((each) => entriesOf(each).map((name) => join(each, name))).filter(isDirectory);
    found.push(...next.filter((each) => exists(join(each, 'HEAD'))));
    level = next.filter((each) => !exists(join(each, 'HEAD'))).slice(0, MAX_MODULES);
  }
  return found.slice(0, MAX_MODULES);
}

function entriesOf(dir: string): readonly string[] {
  try {
    return isDirectory(dir) ? readdirSync(dir) : [];
  } catch {
    // It can't be listed, by git neither.
    return [];
  }
}

function exists(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    // A part of its way is no directory.
    return false;
  }
}

function textOf(path: string): string {
  try {
    return readRegularFile(path, { maxBytes: 4_096 }).toString('utf8');
  } catch {
    // No file: git can't read it either.
    return '';
  }
}
