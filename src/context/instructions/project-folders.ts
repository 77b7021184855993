import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * The folders from a repository's root down to the working directory, links resolved; where there is no repository, that one
 * alone. The file system's own root is never taken for that of a repository.
 */
export function projectFolders(cwd: string): string[] {
  const real = realDirectory(cwd);
  const folders: string[] = [];
  for (let dir = real; dir !== dirname(dir); dir = dirname(dir)) {
    folders.unshift(dir);
    if (existsSync(join(dir, '.git'))) return folders;
  }
  return [real];
}

function realDirectory(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    // The turn will say that the directory is gone.
    return path;
  }
}
