import { statSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { type Config, userHome } from '../../config/index.ts';
import { projectFolders } from '../project-folders.ts';
import type { SkillScope } from './skill.ts';

export type SkillSettings = Pick<Config, 'home' | 'cwd' | 'env' | 'projectTrust' | 'skills'>;

/** A folder that skills are looked for below. */
export interface SkillRoot {
  /** Absolute, links resolved. */
  readonly path: string;
  readonly scope: SkillScope;
}

/**
 * The folders that there are, highest first: the project's from the working directory up, the user's, keel's own, the
 * machine's. Those of a project that the user does not trust are left out, as its other instructions are.
 */
export async function skillRoots(settings: SkillSettings): Promise<SkillRoot[]> {
  const { home, env } = settings;
  const user = userHome(env);
  const named: SkillRoot[] = [
    ...projectRoots(settings),
    { path: join(home, 'skills'), scope: 'user' },
    ...(user === null ? [] : [{ path: join(user, '.agents', 'skills'), scope: 'user' as const }]),
    { path: join(home, 'skills', '.system'), scope: 'system' },
    { path: settings.skills.adminRoot, scope: 'admin' },
  ];
  const present = named.filter(({ path }) => isPresent(path));
  const resolved = await Promise.all(present.map(async ({ path, scope }) => ({ path: await realOrNull(path), scope })));
  const roots = resolved.flatMap(({ path, scope }) => (path === null ? [] : [{ path, scope }]));
  const owned = new Set(roots.flatMap(({ path, scope }) => (scope === 'repo' ? [] : [path])));
  // In the user's home directory the folders of the project are the user's own.
  const distinct = roots.filter(({ path, scope }) => scope !== 'repo' || !owned.has(path));
  return distinct.filter((root, at) => distinct.findIndex(({ path }) => path === root.path) === at);
}

function projectRoots({ cwd, projectTrust }: SkillSettings): SkillRoot[] {
  if (projectTrust === 'untrusted') return [];
  return projectFolders(cwd)
    .toReversed()
    .flatMap((dir) => [join(dir, '.keel', 'skills'), join(dir, '.agents', 'skills')])
    .map((path) => ({ path, scope: 'repo' }));
}

/** Most places are empty, and a first request waits: so this is asked in the way that costs microseconds. */
function isPresent(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    // Out of reach.
    return false;
  }
}

/** With links resolved; null for what is not there or out of reach. */
export async function realOrNull(path: string): Promise<string | null> {
  try {
    return await realpath(path);
  } catch {
    // Whoever asks has nothing to look at then.
    return null;
  }
}
