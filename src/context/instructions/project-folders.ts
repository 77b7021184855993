import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * The folders from a repository's root down to the working directory, links resolved; without a repository, the working
 * directory alone. The root of the file system never counts as that of a repository.
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
    // The turn reports that the directory is missing.
    return path;
  }
}
