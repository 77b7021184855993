import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export type ObjectFormat = 'sha1' | 'sha256';

export interface PrivateGitDirOptions {
  readonly format: ObjectFormat;
  /** Further lines for its configuration. */
  readonly config?: readonly string[];
  /** What holds for every file, over all that the work tree says. */
  readonly attributes: string;
}

const UNCONVERTED = '-text -eol -ident -filter -working-tree-encoding';
/** Files are taken and compared byte for byte, whatever a `.gitattributes` asks for. */
export const EXACT_BYTES = `${UNCONVERTED} !diff !merge`;
/** Like `EXACT_BYTES`, but line ends are converted as the repository says: that needs no program. */
export const NO_PROGRAMS = '-filter !diff !merge';

/**
 * Makes a git directory of keel's own. A git that works in it sees the files of a work tree, and objects of its repository,
 * but neither the settings of the repository nor those of the user: there is nothing in reach that could name a program.
 */
export function makePrivateGitDir(dir: string, { format, config = [], attributes }: PrivateGitDirOptions): void {
  for (const name of ['objects', 'refs', 'info']) mkdirSync(join(dir, name), { recursive: true, mode: 0o700 });
  const settings = [
    '[core]',
    `repositoryformatversion = ${format === 'sha1' ? 0 : 1}`,
    'bare = false',
    'logAllRefUpdates = false',
    'autocrlf = false',
    'safecrlf = false',
    'preloadIndex = true',
    // What a snapshot holds must outlast a crash in the midst of an undo.
    'fsync = loose-object',
    'fsyncMethod = batch',
    ...config,
    '[gc]',
    'auto = 0',
    ...(format === 'sha1' ? [] : ['[extensions]', `objectFormat = ${format}`]),
  ];
  writeFileSync(join(dir, 'config'), `${settings.join('\n')}\n`);
  writeFileSync(join(dir, 'info', 'attributes'), `* ${attributes}\n`);
  // Last: it makes this a git directory.
  writeFileSync(join(dir, 'HEAD'), 'ref: refs/heads/none\n');
}

/** For a git that works in a private git directory. */
export function privatePlace(dir: string, workTree: string, borrowedObjects: string): Record<string, string> {
  return {
    GIT_DIR: dir,
    GIT_WORK_TREE: workTree,
    GIT_ALTERNATE_OBJECT_DIRECTORIES: quoted(borrowedObjects),
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    // For a git too old for the line above.
    HOME: dir,
    XDG_CONFIG_HOME: dir,
  };
}

/** Elements of this list end at a colon unless they are quoted. */
function quoted(path: string): string {
  return /[:"\\\n]/.test(path) ? `"${path.replace(/["\\]/g, '\\$&').replaceAll('\n', '\\n')}"` : path;
}
