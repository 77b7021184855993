import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isInside, launcherPath, parseJson, realPath } from '../../../foundation/util/index.ts';

/** What keel itself reads, runs or keeps in its home. */
const HOME_ENTRIES = [
  ...[
    '.credentials.json',
    '.env',
    'AGENTS.md',
    'AGENTS.override.md',
    'agents',
    'app-server-token',
    'archived_sessions',
    'auth.json',
    'bin',
  ],
  ...['cache', 'config.toml', 'history.jsonl', 'hooks', 'index.sqlite', 'log', 'prompts', 'rules', 'run'],
  ...['session_index.jsonl', 'sessions', 'skills', 'threads', 'tmp', 'undo'],
];
/** What is run of a checkout that keel runs from. */
const CHECKOUT_ENTRIES = ['bin', 'dist', 'node_modules', 'package.json', 'src'];

/** Whether a directory is keel's home, or is in an entry of it that is keel's own. Such a directory is never a writable root. */
export function isKeelsOwn(path: string, home: string): boolean {
  const real = realPath(home);
  return path === real || HOME_ENTRIES.some((name) => isInside(path, join(real, name)));
}

/** keel's program as far as it lies in the given directories: what is loaded or run later must not be changed before. */
export function keelProgramIn(roots: readonly string[]): readonly string[] {
  return programPaths().filter((path) => roots.some((root) => isInside(path, root)));
}

let found: readonly string[] | null = null;

/** Without symlinks. Looked up once: keel does not move while it runs. */
function programPaths(): readonly string[] {
  found ??= findProgram();
  return found;
}

function findProgram(): readonly string[] {
  const node = realPath(process.execPath);
  const launcher = launcherPath();
  if (launcher === null) return [node];
  const dir = realPath(dirname(dirname(launcher)));
  // Installed it is as a whole keel's own. A checkout is somebody's project as well.
  const isInstalled = dirname(dir).split('/').includes('node_modules');
  const own = isInstalled ? [dir] : CHECKOUT_ENTRIES.map((name) => join(dir, name)).filter((path) => existsSync(path));
  return [
    ...new Set([node, ...own, ...dependenciesOf(dir).filter((path) => !own.some((each) => isInside(path, each)))]),
  ];
}

/** The directories of all packages that a package depends on, wherever the package manager has put them. */
function dependenciesOf(dir: string): readonly string[] {
  const seen = new Set<string>([dir]);
  for (const each of seen) {
    for (const name of dependencyNames(each)) {
      const place = resolvePackage(name, each);
      if (place !== null) seen.add(place);
    }
  }
  seen.delete(dir);
  return [...seen];
}

function dependencyNames(dir: string): readonly string[] {
  const manifest = readManifest(join(dir, 'package.json'));
  return ['dependencies', 'optionalDependencies'].flatMap((key) => {
    const table: unknown = manifest[key];
    return typeof table === 'object' && table !== null ? Object.keys(table) : [];
  });
}

function readManifest(path: string): Readonly<Record<string, unknown>> {
  try {
    const manifest: unknown = parseJson(readFileSync(path, 'utf8'));
    return typeof manifest === 'object' && manifest !== null ? { ...manifest } : {};
  } catch {
    // A package without a manifest has no dependencies that could be found.
    return {};
  }
}

/** Finds a package as Node does. Null: an optional one that isn't installed here. */
function resolvePackage(name: string, from: string): string | null {
  for (let dir = from; ; dir = dirname(dir)) {
    const place = join(dir, 'node_modules', name);
    if (existsSync(join(place, 'package.json'))) return realPath(place);
    if (dir === dirname(dir)) return null;
  }
}
