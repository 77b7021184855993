import { basename, dirname, join } from 'node:path';
import { realPath } from '../util/index.ts';
import { FileFault } from './open-real.ts';
import { namesOf, RootedDirectory } from './rooted-directory.ts';

/** The real path of a name itself: its directory is resolved, a link at its end is not. */
export function realName(path: string): string {
  return join(realPath(dirname(path)), basename(path));
}

/**
 * Works in the directory of a path that was judged before; `path` has no links on its way. A link that
 * replaces one of its directories afterwards is not followed.
 * @param onMade called with each directory that was missing and has been made; absent: a missing one is a failure
 */
export function inDirectory<T>(
  path: string,
  work: (directory: RootedDirectory, name: string) => T,
  onMade?: (path: string) => void,
): T {
  using directory = directoryOf(path, onMade);
  return work(directory, basename(path));
}

/** The directory for {@link inDirectory}, for work that waits. The caller disposes of it. */
export function directoryOf(path: string, onMade?: (path: string) => void): RootedDirectory {
  using root = RootedDirectory.open('/');
  try {
    return root.enter(namesOf(dirname(path)), onMade === undefined ? {} : { onMade });
  } catch (error) {
    // The path had no links when it was judged.
    if (error instanceof FileFault) throw new FileFault('its directory was moved meanwhile', { cause: error });
    throw error;
  }
}
