import type { SandboxPolicy } from '../../foundation/protocol/index.ts';
import { isInside, launcherPath } from '../../foundation/util/index.ts';

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
