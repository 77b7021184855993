import { realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, sep } from 'node:path';
import type { SandboxPolicy } from '../protocol/index.ts';

/** Below a writable root these stay as they are: whoever writes them decides what runs later. */
const PROTECTED_NAMES = ['.git', '.keel', '.agents', '.codex'];

export interface WritePolicyOptions {
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
 * Whether a policy lets keel itself write a path (a patch does not run as a command). The path is judged where it really
 * leads: symlinks are resolved, also those above a file that does not exist yet. A file with further hard links leads
 * to all of them, wherever they are.
 */
export function mayWrite(path: string, options: WritePolicyOptions): boolean {
  if (options.policy.mode === 'danger-full-access') return true;
  const real = realPath(path);
  if (hasOtherNames(real)) return false;
  return writableRoots(options).some((root) => isBelow(real, root) && !isProtected(real, root));
}

/** The path with every symlink resolved; what does not exist yet is kept as it is named. */
export function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    // It does not exist (or its link dangles): its folder decides where it would be.
    const parent = dirname(path);
    return parent === path ? path : join(realPath(parent), basename(path));
  }
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

function isBelow(path: string, root: string): boolean {
  const way = relative(root, path);
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`));
}

function isProtected(path: string, root: string): boolean {
  const [first = ''] = relative(root, path).split(sep);
  return PROTECTED_NAMES.includes(first);
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
