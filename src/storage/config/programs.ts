import { dirname } from 'node:path';
import type { SandboxPolicy } from '../../foundation/protocol/index.ts';
import { isInside, launcherPath, type ProgramSearch } from '../../foundation/util/index.ts';
import { repositoryRoot } from './layers/index.ts';
import type { Config } from './types.ts';

/**
 * Directories in which commands of this configuration may write, or could in another run: the working directory with the
 * repository around it and the configured roots, also where this run is read-only. Those for temporary files are not listed.
 * Nothing that keel itself executes may come from them.
 */
export function commandRoots({ cwd, sandboxPolicy }: Pick<Config, 'cwd' | 'sandboxPolicy'>): readonly string[] {
  const configured = sandboxPolicy.mode === 'workspace-write' ? (sandboxPolicy.writable_roots ?? []) : [];
  const top = repositoryRoot(cwd);
  // A repository that is the whole file system would rule out every program.
  const repository = top === dirname(top) ? [] : [top];
  return [...new Set([cwd, ...repository, ...configured])];
}

/** Where programs that keel starts itself are looked for, and where none may come from. */
export function programSearch(config: Pick<Config, 'cwd' | 'env' | 'sandboxPolicy'>): ProgramSearch {
  return { env: config.env, roots: commandRoots(config) };
}

/**
 * What the user should know where keel itself, or the Node.js that runs it, is in a directory in which commands may write: a
 * project that has keel among its dependencies, for instance.
 */
export function ownPlaceWarnings({ mode }: SandboxPolicy, roots: readonly string[]): string[] {
  if (mode !== 'workspace-write') return [];
  const launcher = launcherPath();
  const own = [
    ...(launcher === null ? [] : [{ what: 'keel', path: launcher }]),
    { what: 'the Node.js that runs keel', path: process.execPath },
  ];
  return own.flatMap(({ what, path }) => {
    const root = roots.find((dir) => isInside(path, dir));
    if (root === undefined) return [];
    return [`${what} (${path}) is in ${root}, where commands may write: install it elsewhere (npm install --global)`];
  });
}
