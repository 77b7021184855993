import { relative, sep } from 'node:path';

/** Whether a path is a directory or lies in it; both absolute and without symlinks. */
export function isInside(path: string, dir: string): boolean {
  const way = relative(dir, path);
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`));
}
