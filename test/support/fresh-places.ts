import { afterEach, beforeEach } from 'vitest';
import { gitRepository, type TempDir, tempDir } from './temp-dir.ts';

/** A home and a repository, made anew for each test of the file that calls this, and gone when what it set up later has ended. */
export function freshPlaces(): { readonly home: TempDir; readonly repo: TempDir } {
  let home: TempDir | null = null;
  let repo: TempDir | null = null;
  beforeEach(() => {
    home = tempDir();
    repo = gitRepository();
  });
  afterEach(() => {
    home?.[Symbol.dispose]();
    repo?.[Symbol.dispose]();
  });
  return {
    get home() {
      return within(home);
    },
    get repo() {
      return within(repo);
    },
  };
}

function within(dir: TempDir | null): TempDir {
  if (dir === null) throw new Error('it is made when a test begins');
  return dir;
}
