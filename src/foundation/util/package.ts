import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import manifest from '../../../package.json' with { type: 'json' };

/** The version of keel, as in package.json. */
export const version: string = manifest.version;

/** keel's own launcher (`bin/keel.js`), found from where this code lies; null if it was taken out of its package. */
export function launcherPath(): string | null {
  for (let dir = import.meta.dirname; dir !== dirname(dir); dir = dirname(dir)) {
    const path = join(dir, 'bin', 'keel.js');
    if (existsSync(path)) return path;
  }
  return null;
}
