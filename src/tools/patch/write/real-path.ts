import { realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** The path with every symlink resolved; what does not exist yet is kept as it is named. */
export function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    // It does not exist, or its link dangles: its directory decides where it would be.
    const parent = dirname(path);
    return parent === path ? path : join(realPath(parent), basename(path));
  }
}

/** The path of the name itself: its directory is resolved, a link at its end is not. */
export function realName(path: string): string {
  return join(realPath(dirname(path)), basename(path));
}
