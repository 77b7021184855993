import { statSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { ownerOf, type WriterLimits, writersOf } from '../../foundation/util/index.ts';
import { type Config, userHome } from '../../storage/config/index.ts';
import { projectFolders } from '../instructions/project-folders.ts';
import type { SkillScope } from './skill.ts';

export type SkillSettings = Pick<Config, 'home' | 'cwd' | 'env' | 'projectTrust' | 'skills'>;

/** A folder that skills are looked for below. */
export interface SkillRoot {
  /** Absolute, links resolved. */
  readonly path: string;
  readonly scope: SkillScope;
  readonly origin: SkillOrigin;
}

/** Where skills of a root may come from. */
export interface SkillOrigin {
  /** As the root was named: links on the way to it are judged too. */
  readonly named: string;
  /** Who may write them. @throws what the system says */
  readonly limits: () => WriterLimits;
  /** They lie in here, whatever links say; null: anywhere. */
  readonly within: string | null;
}

/**
 * The folders that there are, highest first: the project's from the working directory up, the user's, keel's own, the
 * machine's. Those of a project that the user does not trust are left out, as its other instructions are.
 */
export async function skillRoots(settings: SkillSettings): Promise<SkillRoot[]> {
  const { home, env } = settings;
  const user = userHome(env);
  const named: NamedRoot[] = [
    ...projectRoots(settings),
    ownRoot(join(home, 'skills'), 'user', home),
    ...(user === null ? [] : [ownRoot(join(user, '.agents', 'skills'), 'user', user)]),
    ownRoot(join(home, 'skills', '.system'), 'system', home),
    { scope: 'admin', origin: { named: settings.skills.adminRoot, limits: () => ({}), within: null } },
  ];
  const present = named.filter(({ origin }) => isPresent(origin.named));
  const resolved = await Promise.all(
    present.map(async (root) => ({ ...root, path: await realOrNull(root.origin.named) })),
  );
  const roots = resolved.flatMap(({ path, ...root }): SkillRoot[] => (path === null ? [] : [{ ...root, path }]));
  const owned = new Set(roots.flatMap(({ path, scope }) => (scope === 'repo' ? [] : [path])));
  // In the user's home directory the folders of the project are the user's own.
  const distinct = roots.filter(({ path, scope }) => scope !== 'repo' || !owned.has(path));
  return distinct.filter((root, at) => distinct.findIndex(({ path }) => path === root.path) === at);
}

type NamedRoot = Omit<SkillRoot, 'path'>;

/** A folder below a home: the owner of that home may write it. */
function ownRoot(named: string, scope: SkillScope, home: string): NamedRoot {
  return { scope, origin: { named, limits: () => ({ trusted: ownerOf(home), below: home }), within: null } };
}

/** Whoever may write the folder that the user works in may write the project's skills; they lie in the project. */
function projectRoots({ cwd, projectTrust }: SkillSettings): NamedRoot[] {
  if (projectTrust === 'untrusted') return [];
  const folders = projectFolders(cwd);
  const real = folders.at(-1) ?? cwd;
  const [within = real] = folders;
  const limits = () => ({ trusted: writersOf(real), below: within });
  return folders
    .toReversed()
    .flatMap((dir) => [join(dir, '.keel', 'skills'), join(dir, '.agents', 'skills')])
    .map((named) => ({ scope: 'repo', origin: { named, limits, within } }));
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
