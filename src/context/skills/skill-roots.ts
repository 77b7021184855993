import { statSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { isInside, ownerOf, realPath, userHome, type WriterLimits, writersOf } from '../../foundation/util/index.ts';
import type { Config } from '../../storage/config/index.ts';
import { projectFolders } from '../instructions/project-folders.ts';
import type { SkillScope } from './skill.ts';

/** The last one is another agent's: its skills have the same form. */
const PROJECT_DIRS = ['.keel', '.agents', '.claude'];

export type SkillSettings = Pick<Config, 'home' | 'cwd' | 'env' | 'trustedFolder' | 'skills' | 'plugins'>;

/** A folder that is searched for skills. */
export interface SkillRoot {
  /** Absolute, links resolved. */
  readonly path: string;
  readonly scope: SkillScope;
  /** The plugin that it belongs to, whose name precedes those of its skills; null: it is no plugin's. */
  readonly plugin: string | null;
  readonly origin: SkillOrigin;
}

/** Rules for the skills of a root. */
export interface SkillOrigin {
  /** The root's path with links unresolved: the links on the way to it are judged too. */
  readonly named: string;
  /** Who may be able to write them. @throws a system error */
  readonly limits: () => WriterLimits;
  /** The folder that they have to be in, links resolved; null: anywhere. */
  readonly within: string | null;
}

export interface SkillRoots {
  /** Those that are searched, highest first. */
  readonly trusted: readonly SkillRoot[];
  /** Those of a project outside of the folder that the user trusts: nothing in them is looked at. */
  readonly untrusted: readonly SkillRoot[];
}

/** The roots that exist: the project's from the working directory up, the user's, keel's own, the machine's. */
export async function skillRoots(settings: SkillSettings): Promise<SkillRoots> {
  const { home, env, trustedFolder } = settings;
  const user = userHome(env);
  const named: NamedRoot[] = [
    ...projectRoots(settings),
    ownRoot(join(home, 'skills'), 'user', home),
    ...(user === null ? [] : [ownRoot(join(user, '.agents', 'skills'), 'user', user)]),
    ownRoot(join(home, 'skills', '.system'), 'system', home),
    ...settings.plugins.flatMap(({ name, folder, skills }) =>
      skills.map((dir) => pluginRoot(name, dir, { folder, home })),
    ),
    { scope: 'admin', plugin: null, origin: { named: settings.skills.adminRoot, limits: () => ({}), within: null } },
  ];
  const present = named.filter(({ origin }) => isPresent(origin.named));
  const resolved = await Promise.all(
    present.map(async (root) => ({ ...root, path: await realOrNull(root.origin.named) })),
  );
  const roots = resolved.flatMap(({ path, ...root }): SkillRoot[] => (path === null ? [] : [{ ...root, path }]));
  const owned = new Set(roots.flatMap(({ path, scope }) => (scope === 'repo' ? [] : [path])));
  // If the project is the user's home directory, its roots are the user's.
  const distinct = roots.filter(({ path, scope }) => scope !== 'repo' || !owned.has(path));
  const all = distinct.filter((root, at) => distinct.findIndex(({ path }) => path === root.path) === at);
  const isTrusted = ({ scope, origin }: SkillRoot) =>
    scope !== 'repo' || (trustedFolder !== null && isInside(origin.named, trustedFolder));
  return { trusted: all.filter(isTrusted), untrusted: all.filter((root) => !isTrusted(root)) };
}

type NamedRoot = Omit<SkillRoot, 'path'>;

/** A root below a home, which the owner of the home may write. */
function ownRoot(named: string, scope: SkillScope, home: string): NamedRoot {
  return {
    scope,
    plugin: null,
    origin: { named, limits: () => ({ trusted: ownerOf(home), below: home }), within: null },
  };
}

/** A root in a plugin's folder, which its skills can't lead out of. */
function pluginRoot(
  plugin: string,
  named: string,
  places: { readonly folder: string; readonly home: string },
): NamedRoot {
  const { scope, origin } = ownRoot(named, 'user', places.home);
  return { scope, plugin, origin: { ...origin, within: realPath(places.folder) } };
}

/** The project's roots. Those who can write the folder that the user works in may write its skills, which lie in the project. */
function projectRoots({ cwd }: SkillSettings): NamedRoot[] {
  const folders = projectFolders(cwd);
  const real = folders.at(-1) ?? cwd;
  const [within = real] = folders;
  const limits = () => ({ trusted: writersOf(real), below: within });
  return folders
    .toReversed()
    .flatMap((dir) => PROJECT_DIRS.map((name) => join(dir, name, 'skills')))
    .map((named) => ({ scope: 'repo', plugin: null, origin: { named, limits, within } }));
}

/** Uses a synchronous `stat`, which costs microseconds: most roots don't exist, and the first request waits for this. */
function isPresent(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    // A directory without access counts as missing.
    return false;
  }
}

/** The path with links resolved; null if it doesn't exist or can't be reached. */
export async function realOrNull(path: string): Promise<string | null> {
  try {
    return await realpath(path);
  } catch {
    // The caller skips a path that can't be resolved.
    return null;
  }
}
