import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isInside, realPath, userHome } from '../../../foundation/util/index.ts';

/**
 * A directory in which commands can't make, rename or remove entries: something that is missing there has to stay missing.
 * The entries that `isOpen` accepts are writable themselves.
 */
export interface SealedDirectory {
  /** Without symlinks. */
  readonly path: string;
  readonly isOpen: (name: string) => boolean;
}

/** In the user's home these are on the search path of programs, or started by the system. */
const HOME_PROGRAMS = ['bin', 'Library', 'Applications'];
/** A session, an editor of settings, git or a shell takes orders from these. */
const CONFIG_CLOSED = [
  ...['autostart', 'autostart-scripts', 'environment.d', 'fish', 'git', 'nushell', 'plasma-workspace', 'powershell'],
  ...['profile', 'pulse', 'systemd', 'user-dirs.dirs', 'zsh'],
];
/** In the file system's root: what the machine starts, and the programs that keel itself takes from there. */
const SYSTEM_CLOSED = [
  ...['bin', 'boot', 'dev', 'etc', 'lib', 'lib32', 'lib64', 'libx32', 'nix', 'proc', 'run', 'sbin', 'sys', 'usr'],
];

/** The machine starts what these name. */
export const SYSTEM_SCHEDULES = ['/var/spool/at', '/var/spool/cron'];

export interface SealOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Directories for temporary files. A home of that name can't be sealed: nothing would work. */
  readonly scratch: readonly string[];
}

/**
 * The directories below the given roots in which start-up files are looked for: the user's home, its folders of settings and
 * of programs, and the root of the file system.
 */
export function sealedDirectories(roots: readonly string[], { env, scratch }: SealOptions): readonly SealedDirectory[] {
  const own = [userHome(env), userHome()].filter((path) => path !== null);
  const homes = [...new Set(own.map((path) => realPath(path)))];
  const sealed = homes
    .filter((home) => !scratch.includes(home))
    .flatMap((home): SealedDirectory[] => [
      { path: home, isOpen: (name) => !name.startsWith('.') && !HOME_PROGRAMS.includes(name) },
      { path: realPath(join(home, '.config')), isOpen: (name) => !CONFIG_CLOSED.includes(name) },
      { path: realPath(join(home, '.local')), isOpen: (name) => name !== 'bin' },
    ]);
  const all = [{ path: '/', isOpen: (name: string) => !SYSTEM_CLOSED.includes(name) }, ...sealed];
  return all.filter(({ path }) => roots.some((root) => isInside(path, root)));
}

/** The entries that stay writable. */
export function openEntries({ path, isOpen }: SealedDirectory): readonly string[] {
  try {
    const entries = readdirSync(path, { withFileTypes: true });
    // A link's target is what would be opened.
    return entries.filter((entry) => !entry.isSymbolicLink() && isOpen(entry.name)).map(({ name }) => join(path, name));
  } catch {
    // It is missing, or can't be listed: nothing in it is opened.
    return [];
  }
}
