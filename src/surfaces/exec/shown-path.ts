import { isAbsolute, relative } from 'node:path';

/** A path as people read it: relative to the working directory where it is inside, or right beside it. */
export function shownPath(path: string, cwd: string): string {
  if (!isAbsolute(path)) return path;
  const near = relative(cwd, path);
  return near === '' || near.startsWith('../..') ? path : near;
}
