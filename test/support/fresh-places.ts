import { afterEach, beforeEach } from 'vitest';
import { gitRepository, keelHome, type TempDir, tempDir } from './temp-dir.ts';

/** A home and a repository that are new for each test of the calling file, and removed after what it set up later has ended. */
export function freshPlaces(): { readonly home: TempDir; readonly repo: TempDir } {
  return { home: freshDirectory(keelHome), repo: freshDirectory(() => gitRepository()) };
}

/** A directory that is new for each test of the calling file. */
export function freshDirectory(make: () => TempDir = tempDir): TempDir {
  let current: TempDir | null = null;
  const get = () => {
    if (current === null) throw new Error('a directory is made when a test starts');
    return current;
  };
  const dispose = () => {
    current?.[Symbol.dispose]();
    current = null;
  };
  beforeEach(() => {
    current = make();
  });
  afterEach(dispose);
  return {
    get path() {
      return get().path;
    },
    write: (files) => get().write(files),
    [Symbol.dispose]: dispose,
  };
}
