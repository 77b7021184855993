import { basename, dirname } from 'node:path';
import { FileFault, namesOf, RootedDirectory } from '../../../foundation/files/index.ts';

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
  using root = RootedDirectory.open('/');
  using directory = entered(root, path, onMade);
  return work(directory, basename(path));
}

function entered(root: RootedDirectory, path: string, onMade: ((path: string) => void) | undefined): RootedDirectory {
  try {
    return root.enter(namesOf(dirname(path)), onMade === undefined ? {} : { onMade });
  } catch (error) {
    // The path had no links when it was judged.
    if (error instanceof FileFault) throw new Error('its directory was moved meanwhile', { cause: error });
    throw error;
  }
}
