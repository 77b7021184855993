import { realpathSync, statSync } from 'node:fs';
import type { SandboxPolicy } from '../protocol/index.ts';
import { isBelow } from './below.ts';
import { type ProtectionOptions, protectedPaths } from './protected-paths.ts';
import { realPath } from './real-path.ts';

export interface WritePolicyOptions extends ProtectionOptions {
  readonly policy: SandboxPolicy;
  /** The turn's working directory, not the command's. Absolute. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Directories below which a policy lets files be written, symlinks resolved; missing ones are left out. */
export function writableRoots({ policy, cwd, env }: WritePolicyOptions): readonly string[] {
  if (policy.mode === 'danger-full-access') return ['/'];
  if (policy.mode === 'read-only') return [];
  const roots = [...(policy.writable_roots ?? []), cwd];
  if (!policy.exclude_slash_tmp) roots.push('/tmp');
  const tmpdir = env['TMPDIR'];
  if (!policy.exclude_tmpdir_env_var && tmpdir) roots.push(tmpdir);
  return [...new Set(roots.map(realDirectory).filter((root) => root !== null))];
}

/**
 * Directories in which commands of a project may have made something, now or in an earlier session under the usual policy;
 * none where they are not confined, since a link that they leave there gives them nothing.
 */
export function commandRoots({ sandboxPolicy, cwd, env }: CommandPlace): readonly string[] {
  if (sandboxPolicy.mode === 'danger-full-access') return [];
  const roots = sandboxPolicy.mode === 'workspace-write' ? sandboxPolicy.writable_roots : undefined;
  const usual = {
    mode: 'workspace-write',
    network_access: false,
    exclude_tmpdir_env_var: false,
    exclude_slash_tmp: false,
  } as const;
  return writableRoots({ policy: { ...usual, writable_roots: roots ?? [] }, cwd, env });
}

/** What of a configuration says where commands write. */
export interface CommandPlace extends Pick<WritePolicyOptions, 'cwd' | 'env'> {
  readonly sandboxPolicy: SandboxPolicy;
}

/** Whether a policy lets keel itself write a path (a patch does not run as a command); see `writeJudge`. */
export function mayWrite(path: string, options: WritePolicyOptions): boolean {
  return writeJudge(options)(path);
}

/**
 * Judges the paths of one patch: the roots are looked up once, each path when it is asked about. A path is judged where it
 * really leads: symlinks are resolved, also those above a file that does not exist yet. A file with further hard links
 * leads to all of them, wherever they are. What one root protects no broader root gives away; only a root configured
 * inside the protected directory does. Protected names are compared without letter case: some file systems do not tell
 * `.GIT` from `.git`.
 */
export function writeJudge(options: WritePolicyOptions): (path: string) => boolean {
  if (options.policy.mode === 'danger-full-access') return () => true;
  const roots = writableRoots(options);
  const closed = roots.flatMap((root) => protectedPaths(root, options));
  return (path) => {
    const real = realPath(path);
    const open = roots.filter((root) => isBelow(real, root));
    if (open.length === 0 || hasOtherNames(real)) return false;
    const inside = closed.filter((dir) => isBelow(real.toLowerCase(), dir.toLowerCase()));
    return inside.every((dir) => open.some((root) => isBelow(root, dir)));
  };
}

function hasOtherNames(path: string): boolean {
  try {
    const stat = statSync(path);
    return stat.isFile() && stat.nlink > 1;
  } catch {
    // There is no file yet.
    return false;
  }
}

function realDirectory(path: string): string | null {
  try {
    const real = realpathSync(path);
    return statSync(real).isDirectory() ? real : null;
  } catch {
    // A root that isn't there can't be written to.
    return null;
  }
}
