import { lstatSync, readlinkSync, realpathSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { SandboxPolicy } from '../../../foundation/protocol/index.ts';
import { isInside } from '../../../foundation/util/index.ts';
import { identityOf } from '../../process/index.ts';
import { isKeelsOwn } from '../protected/keel-paths.ts';
import { isSystemView } from './system-views.ts';

export interface RootOptions {
  readonly policy: SandboxPolicy;
  /** The turn's working directory, not the command's. Absolute. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** keel's own home. */
  readonly home?: string | undefined;
}

/** A directory below which commands may write. */
export interface Root {
  /** Without symlinks. */
  readonly path: string;
  /** Device and inode, see `identityOf`. */
  readonly identity: string;
}

/** A directory that the policy names as writable and that isn't. */
export interface RefusedRoot {
  /** The name in the policy. */
  readonly name: string;
  /** The rest of a sentence about it. */
  readonly reason: string;
  /** `replaced`: it isn't what the session started with. `closed`: commands never write there. */
  readonly type: 'replaced' | 'closed';
}

export interface FoundRoots {
  readonly roots: readonly Root[];
  readonly refused: readonly RefusedRoot[];
}

/** The number of links that the kernel follows. */
const MAX_LINKS = 40;

interface Anchor {
  readonly path: string;
  /** Directories, without symlinks, that hold the links which the name led through. */
  readonly linkPlaces: readonly string[];
  /** Null as long as there is no directory. */
  identity: string | null;
}

/**
 * The one owner of a session's writable roots. Each name is resolved when it is first asked about and means that
 * directory from then on: commands can put a link in the place of a directory, or of one that is missing, and must not widen
 * what the next command may write.
 */
export class SessionRoots {
  readonly #anchors = new Map<string, Anchor>();

  find(options: RootOptions): FoundRoots {
    const { policy, cwd, home } = options;
    if (policy.mode !== 'workspace-write') return { roots: [], refused: [] };
    const names = namesIn(options);
    for (const name of names) if (!this.#anchors.has(name)) this.#anchors.set(name, anchorOf(name));
    const roots = new Map<string, Root>();
    const refused: RefusedRoot[] = [];
    for (const name of names) {
      const anchor = this.#anchors.get(name);
      if (anchor === undefined) continue;
      const fault = faultOf(anchor.path, home) ?? this.#linkFault(anchor) ?? this.#changeFault(anchor, name === cwd);
      if (fault !== null) refused.push({ name, ...fault });
      else if (anchor.identity !== null) roots.set(anchor.path, { path: anchor.path, identity: anchor.identity });
    }
    return { roots: [...roots.values()], refused };
  }

  #linkFault({ linkPlaces }: Anchor): Fault | null {
    const places = [...this.#anchors.values()].map(({ path }) => path);
    const place = linkPlaces.find((link) => places.some((dir) => isInside(link, dir)));
    return place === undefined
      ? null
      : { type: 'replaced', reason: `is reached through a link in ${place}, where commands can write` };
  }

  /**
   * Programs do replace directories that lie in another root (`rm -rf build && mkdir build`): that changes nothing, as what
   * they put there is in reach of commands anyway. The working directory is the exception, for it names the project.
   */
  #changeFault(anchor: Anchor, isCwd: boolean): Fault | null {
    const now = directoryAt(anchor.path);
    if (now === anchor.identity) return null;
    if (now === null && lstatSync(anchor.path, { throwIfNoEntry: false }) === undefined) {
      return isCwd ? { type: 'replaced', reason: 'is gone' } : null;
    }
    const isNested = [...this.#anchors.values()].some(
      ({ path, identity }) => path !== anchor.path && identity !== null && isInside(anchor.path, path),
    );
    if (now === null || (anchor.identity !== null && (isCwd || !isNested))) {
      return { type: 'replaced', reason: 'is no longer the directory that it was when the session started' };
    }
    anchor.identity = now;
    return null;
  }
}

type Fault = Pick<RefusedRoot, 'type' | 'reason'>;

function namesIn({ policy, cwd, env }: RootOptions): readonly string[] {
  if (policy.mode !== 'workspace-write') return [];
  const names = [...(policy.writable_roots ?? []), cwd];
  if (!policy.exclude_slash_tmp) names.push('/tmp');
  const tmpdir = env['TMPDIR'];
  if (!policy.exclude_tmpdir_env_var && tmpdir) names.push(tmpdir);
  return [...new Set(names.map((name) => resolve(cwd, name)))];
}

function faultOf(path: string, home: string | undefined): Fault | null {
  if (home !== undefined && isKeelsOwn(path, home))
    return { type: 'closed', reason: "is where keel's own settings and records are" };
  return isSystemView(path) ? { type: 'closed', reason: "holds the kernel's own files" } : null;
}

/** Goes down the name part by part, as the kernel does. What is missing is kept as it is named. */
function anchorOf(name: string): Anchor {
  const linkPlaces: string[] = [];
  let rest = name.split('/').filter((part) => part !== '');
  let path = '/';
  while (rest.length > 0) {
    const [part = '', ...others] = rest;
    const next = join(path, part);
    const target = linkTarget(next);
    if (target === null) {
      path = next;
      rest = others;
    } else {
      linkPlaces.push(path);
      if (linkPlaces.length > MAX_LINKS) break;
      const leads = resolve(path, target);
      path = '/';
      rest = [...leads.split('/').filter((each) => each !== ''), ...others];
    }
  }
  return { path, linkPlaces, identity: directoryAt(path) };
}

function linkTarget(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    // It is no link, or isn't there.
    return null;
  }
}

/** The identity of a directory at a path without symlinks; null if there is none. */
function directoryAt(path: string): string | null {
  try {
    const stat = lstatSync(path, { bigint: true });
    if (!stat.isDirectory()) return null;
    const isCanonical = dirname(path) === path || realpathSync.native(path) === path;
    return isCanonical ? identityOf(stat) : null;
  } catch {
    // It is missing, or in a directory that can't be entered.
    return null;
  }
}
