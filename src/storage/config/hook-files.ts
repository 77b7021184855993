import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { userHome } from '../../foundation/util/index.ts';
import { repositoryRoot } from './layers/index.ts';
import type { Config } from './types.ts';

type HookFileFormat = Config['hooks']['files'][number];

/** A file that may name hooks. */
export interface HookFile {
  /** Absolute. */
  readonly path: string;
  readonly format: HookFileFormat;
  /** The folder whose owner may write it, absolute: the user's home, keel's, or the project's. */
  readonly folder: string;
  readonly scope: 'user' | 'project';
  /** The folder of the plugin that it belongs to, absolute; null: to none. */
  readonly plugin: string | null;
}

const IN_PROJECT: readonly (readonly [HookFileFormat, ...string[]])[] = [
  ['keel', '.keel', 'hooks.json'],
  ['claude', '.claude', 'settings.json'],
  ['claude', '.claude', 'settings.local.json'],
  ['codex', '.codex', 'hooks.json'],
];

/** The files of hooks that exist: the user's, the project's, those of plugins. One look for each place, and nothing is read. */
export function hookFiles(
  config: Pick<Config, 'home' | 'env' | 'cwd' | 'trustedFolder' | 'hooks' | 'plugins'>,
): HookFile[] {
  const { home, env, cwd, hooks } = config;
  if (!hooks.enabled) return [];
  const user = userHome(env);
  const project = config.trustedFolder ?? repositoryRoot(cwd);
  const inHome = (format: HookFileFormat, ...parts: string[]) =>
    user === null ? [] : [{ path: join(user, ...parts), format, folder: user, scope: 'user' as const, plugin: null }];
  const named: HookFile[] = [
    { path: join(home, 'hooks.json'), format: 'keel', folder: home, scope: 'user', plugin: null },
    ...inHome('claude', '.claude', 'settings.json'),
    ...inHome('codex', '.codex', 'hooks.json'),
    ...IN_PROJECT.map(([format, ...parts]) => {
      return { path: join(project, ...parts), format, folder: project, scope: 'project' as const, plugin: null };
    }),
  ];
  // In the user's home directory the project's files are the user's.
  const distinct = named.filter(({ path }, at) => named.findIndex((other) => other.path === path) === at);
  const ofPlugins = config.plugins.flatMap(({ folder, format, hooks: paths }) =>
    paths.map((path): HookFile => ({ path, format, folder: home, scope: 'user', plugin: folder })),
  );
  return [...distinct.filter(({ path, format }) => hooks.files.includes(format) && existsSync(path)), ...ofPlugins];
}
