import { type Stats, statSync } from 'node:fs';
import type { PlaceJudge } from '../../../foundation/files/index.ts';
import type { SandboxPolicy } from '../../../foundation/protocol/index.ts';
import { isInside, realPath } from '../../../foundation/util/index.ts';
import { isSystemView } from './system-views.ts';

/** Files of keel's home that hold keys: the settings may have tokens and passwords in them too. */
const CREDENTIALS = ['auth.json', 'app-server-token', '.env', '.credentials.json', 'config.toml'];
export interface HiddenOptions {
  /** keel's home, with its credentials. */
  readonly home?: string | undefined;
  /** Files and directories that the user hides beside them. */
  readonly hidden?: readonly string[] | undefined;
}

/** What no sandboxed command can read. */
export function hiddenPaths({ home, hidden = [] }: HiddenOptions): readonly string[] {
  const own = home === undefined ? [] : CREDENTIALS.map((name) => `${home}/${name}`);
  return [...own, ...hidden];
}

/**
 * Judges what keel itself may read for the model, as for a sandboxed command: by where an open file really is, and by which
 * file it is, under whatever name. Without a sandbox a command could read all; views of the system are refused even then,
 * since keel's own process is seen there and not a command's.
 */
export function readJudge({ policy, ...options }: HiddenOptions & { readonly policy: SandboxPolicy }): PlaceJudge {
  const paths = policy.mode === 'danger-full-access' ? [] : hiddenPaths(options);
  const hidden = paths.map((path) => ({ path: realPath(path).toLowerCase(), stats: statsOf(path) }));
  return ({ path, stats }) => {
    if (isSystemView(path)) return 'it is a view of the system, not a file';
    const isHidden = hidden.some((each) => isInside(path.toLowerCase(), each.path) || isSame(stats, each.stats));
    return isHidden ? 'it is hidden here, as are credentials' : null;
  };
}

function isSame(stats: Stats | null, other: Stats | null): boolean {
  return stats !== null && other !== null && stats.ino === other.ino && stats.dev === other.dev;
}

function statsOf(path: string): Stats | null {
  try {
    return statSync(path);
  } catch {
    // What is not there can't be read under another name.
    return null;
  }
}
