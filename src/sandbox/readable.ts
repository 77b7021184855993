import type { SandboxPolicy } from '../protocol/index.ts';
import { isBelow } from './below.ts';
import { realPath } from './real-path.ts';

export interface HiddenOptions {
  /** keel's home, with its credentials. */
  readonly home?: string | undefined;
  /** Files and directories that the user hides beside them. */
  readonly hidden?: readonly string[] | undefined;
}

/** What no sandboxed command can read. */
export function hiddenPaths({ home, hidden = [] }: HiddenOptions): readonly string[] {
  const own = home === undefined ? [] : ['auth.json', '.env', '.credentials.json'].map((name) => `${home}/${name}`);
  return [...own, ...hidden];
}

/** Judges what keel's own tools may read for the model, as for commands: a path is judged where it really leads. */
export function readJudge({
  policy,
  ...options
}: HiddenOptions & { readonly policy: SandboxPolicy }): (path: string) => boolean {
  if (policy.mode === 'danger-full-access') return () => true;
  const hidden = hiddenPaths(options).map((path) => realPath(path).toLowerCase());
  return (path) => {
    const real = realPath(path).toLowerCase();
    return !hidden.some((each) => isBelow(real, each));
  };
}
