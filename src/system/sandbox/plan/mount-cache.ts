import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { type MountOptions, type MountPlan, planMounts } from './mounts.ts';

/** A directory changed so recently could change again without its time telling. */
const SETTLED_MS = 100;
const MAX_KEPT = 16;

interface Kept {
  readonly plan: MountPlan;
  readonly stamp: string;
}

/**
 * Mounts of the last few policies, kept as long as nothing could have changed them: what is closed lies directly in the
 * directories that are looked at, so their times tell. A plan is made anew where they don't: with a work tree linked
 * elsewhere, an opened git directory, or a change that is only just over.
 */
export class MountCache {
  readonly #kept = new Map<string, Kept>();

  plan(options: MountOptions): MountPlan {
    const stamp = options.allowGitCommit ? null : stampOf(options);
    if (stamp === null) return planMounts(options);
    const { roots, cwd, home, hidden, nested, made, env } = options;
    const key = JSON.stringify([roots, cwd, home, hidden, nested, made, env['TMPDIR'], env['HOME']]);
    const known = this.#kept.get(key);
    if (known?.stamp === stamp) return known.plan;
    const plan = planMounts(options);
    if (this.#kept.size >= MAX_KEPT) this.#kept.clear();
    this.#kept.set(key, { plan, stamp });
    return plan;
  }
}

/** Null where times don't tell all that counts. */
function stampOf({ roots, nested, home, hidden, env }: MountOptions): string | null {
  const holders = [...roots.map(({ path }) => path), ...nested];
  const looked = [
    ...holders.flatMap((dir) => [dir, join(dir, '.git'), join(dir, '.git', 'config')]),
    ...[home, env['HOME']].filter((path) => path !== undefined),
    ...hidden,
  ];
  const parts: string[] = [];
  for (const path of looked) {
    const stat = lstatSync(path, { throwIfNoEntry: false });
    const isLinked = path.endsWith('/.git') && stat !== undefined && !stat.isDirectory();
    if (isLinked || (stat && Date.now() - stat.mtimeMs < SETTLED_MS)) return null;
    parts.push(stat ? `${path}:${stat.ino}:${stat.mode}:${stat.mtimeMs}:${stat.ctimeMs}` : path);
  }
  return parts.join('|');
}
