import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { type MountOptions, type MountPlan, planMounts } from './mounts.ts';
import { writableRoots } from './writable.ts';

/** A directory changed so recently could change again without its time telling. */
const SETTLED_MS = 100;

interface Kept {
  readonly plan: MountPlan;
  readonly stamp: string;
}

/**
 * Mounts of the last few policies, kept as long as nothing could have changed them: what is closed lies directly in the
 * roots, so their times tell. A plan is made anew where they don't: with a work tree linked elsewhere, an opened git
 * directory, stand-ins in place, or a change that is only just over.
 */
export class MountCache {
  readonly #kept = new Map<string, Kept>();
  readonly #maxKept = 16;

  /** `hasStandIns`: some of the paths that are looked at are not the user's. */
  plan(options: MountOptions, hasStandIns: boolean): MountPlan {
    const stamp = hasStandIns || options.allowGitCommit ? null : stampOf(options);
    if (stamp === null) return planMounts(options);
    const { policy, cwd, home, hidden, env } = options;
    const key = JSON.stringify([policy, cwd, home, hidden, env['TMPDIR']]);
    const known = this.#kept.get(key);
    if (known?.stamp === stamp) return known.plan;
    const plan = planMounts(options);
    if (this.#kept.size >= this.#maxKept) this.#kept.clear();
    this.#kept.set(key, { plan, stamp });
    return plan;
  }
}

/** Null where times don't tell all that counts. */
function stampOf(options: MountOptions): string | null {
  const roots = writableRoots(options);
  const homes = options.home === undefined ? [] : [options.home];
  const looked = [...roots, ...roots.map((root) => join(root, '.git')), ...homes, ...options.hidden];
  const parts: string[] = [];
  for (const path of looked) {
    const stat = lstatSync(path, { throwIfNoEntry: false });
    const isLinked = path.endsWith('/.git') && stat !== undefined && !stat.isDirectory();
    if (isLinked || (stat && Date.now() - stat.mtimeMs < SETTLED_MS)) return null;
    parts.push(stat ? `${path}:${stat.ino}:${stat.mode}:${stat.mtimeMs}:${stat.ctimeMs}` : path);
  }
  return parts.join('|');
}
