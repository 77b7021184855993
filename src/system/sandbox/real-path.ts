import { lstatSync, readlinkSync, realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';

/** As many as the kernel follows. */
const MAX_LINKS = 40;

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
    // There is nothing of this name.
    return null;
  }
}
