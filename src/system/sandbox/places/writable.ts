import { statSync } from 'node:fs';
import { relative } from 'node:path';
import { realName } from '../../../foundation/files/index.ts';
import type { SandboxPolicy } from '../../../foundation/protocol/index.ts';
import { isInside, realPath } from '../../../foundation/util/index.ts';
import { scratchPlaces } from '../plan/mounts.ts';
import { keelProgramIn } from '../protected/keel-paths.ts';
import {
  PROTECTED_NAMES,
  type ProtectionOptions,
  protectedForGit,
  protectedInRoot,
} from '../protected/protected-paths.ts';
import { SYSTEM_SCHEDULES, sealedDirectories } from '../protected/sealed-directories.ts';
import { type RootOptions, SessionRoots } from './roots.ts';

export interface WritePolicyOptions extends RootOptions, ProtectionOptions {
  /** The session's roots. Absent: as they are found now. */
  readonly sessionRoots?: SessionRoots;
}

/** Directories below which a policy lets files be written, symlinks resolved; missing ones are left out. */
export function writableRoots(options: WritePolicyOptions): readonly string[] {
  if (options.policy.mode === 'danger-full-access') return ['/'];
  return (options.sessionRoots ?? new SessionRoots()).find(options).roots.map(({ path }) => path);
}

/**
 * Directories in which commands of a project may have made something, now or in an earlier session under the usual policy;
 * none where they are not confined, since a link that they leave there gives them nothing.
 */
export function everWritableRoots({ sandboxPolicy, cwd, env }: CommandPlace): readonly string[] {
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

/** Why a path may not be written. */
export type WriteFault = 'outside' | 'protected' | 'hardLinks';

/**
 * Judges the paths that keel itself writes, those of one patch for example (a patch does not run as a command); null if the path
 * may be written. The roots are looked up once, each path when it is asked about. A path is judged where it really leads:
 * symlinks are resolved, also those above a file that does not exist yet. A file with further hard links leads to all of them,
 * wherever they are. What one root protects no broader root gives away; only a root configured inside the protected directory
 * does. Protected names are compared without letter case: some file systems do not distinguish `.GIT` from `.git`.
 */
export function writeFaultJudge(options: WritePolicyOptions): (path: string) => WriteFault | null {
  const { faultOf } = placeFaults(options);
  return (path) => {
    const real = realPath(path);
    return faultOf(real) ?? (options.policy.mode !== 'danger-full-access' && hasOtherNames(real) ? 'hardLinks' : null);
  };
}

/**
 * Judges names that are removed or replaced, as {@link writeFaultJudge} judges files: a link at the end of a path is that name
 * itself and isn't followed, other names of the file don't matter, and a root stays.
 */
export function nameFaultJudge(options: WritePolicyOptions): (path: string) => WriteFault | null {
  const { roots, faultOf } = placeFaults(options);
  return (path) => {
    const name = realName(path);
    return roots.includes(name) ? 'protected' : faultOf(name);
  };
}

interface PlaceFaults {
  readonly roots: readonly string[];
  /** @param real without symlinks */
  readonly faultOf: (real: string) => WriteFault | null;
}

function placeFaults(options: WritePolicyOptions): PlaceFaults {
  const roots = writableRoots(options);
  if (options.policy.mode === 'danger-full-access') return { roots, faultOf: () => null };
  const own = options.home === undefined ? [] : [realPath(options.home)];
  const closed = [
    ...roots.flatMap((root) => [...protectedInRoot(root), ...protectedForGit(root, options)]),
    ...[...own, ...keelProgramIn(roots), ...SYSTEM_SCHEDULES],
  ];
  const sealed = sealedDirectories(roots, { env: options.env, scratch: scratchPlaces(options) });
  const faultOf = (real: string) => {
    const open = roots.filter((root) => isInside(real, root)).sort((a, b) => b.length - a.length);
    const [innermost] = open;
    if (innermost === undefined) return 'outside';
    const inside = closed.filter((dir) => isInside(real.toLowerCase(), dir.toLowerCase()));
    const isOpened = inside.every((dir) => open.some((root) => isInside(root, dir)));
    if (!isOpened || hasProtectedName(relative(innermost, real))) return 'protected';
    const isSealed = sealed.some(
      ({ path: dir, isOpen }) =>
        isInside(dir, innermost) && real !== dir && isInside(real, dir) && !isOpen(firstPart(dir, real)),
    );
    return isSealed ? 'outside' : null;
  };
  return { roots, faultOf };
}

function firstPart(dir: string, path: string): string {
  return relative(dir, path).split('/')[0] ?? '';
}

function hasProtectedName(way: string): boolean {
  return way.split('/').some((part) => PROTECTED_NAMES.includes(part.toLowerCase()));
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
