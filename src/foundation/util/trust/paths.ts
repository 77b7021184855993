import { lstatSync, readlinkSync, realpathSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';

/** The number of links that the kernel follows. */
const MAX_LINKS = 40;

/** Whether a path is a directory or is below it; both absolute and without symlinks. */
export function isInside(path: string, directory: string): boolean {
  const way = relative(directory, path);
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way));
}

/** The path with every symlink resolved, dangling ones too; what does not exist yet is kept as it is named. */
export function realPath(path: string, linksLeft: number = MAX_LINKS): string {
  try {
    return realpathSync(path);
  } catch {
    // It does not exist, or its link dangles: where it would be made is what counts.
    const parent = dirname(path);
    if (parent === path) return path;
    const place = join(realPath(parent, linksLeft), basename(path));
    const target = linkTarget(place);
    return target === null || linksLeft === 0 ? place : realPath(resolve(dirname(place), target), linksLeft - 1);
  }
}

function linkTarget(path: string): string | null {
  try {
    return lstatSync(path).isSymbolicLink() ? readlinkSync(path) : null;
  } catch {
    // Nothing has this name.
    return null;
  }
}
