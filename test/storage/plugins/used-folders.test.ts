import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { lockFile } from '../../../src/foundation/util/index.ts';
import { removeUnusedFolders, useFolder } from '../../../src/storage/plugins/used-folders.ts';
import { freshDirectory } from '../../support/fresh-places.ts';

const plugins = freshDirectory();
const folderOf = (version: string) => join(plugins.path, 'tools', version);

function made(version: string): string {
  plugins.write({ [`tools/${version}/a.md`]: 'A\n', [`tools/${version}.files.json`]: '{}' });
  return folderOf(version);
}

/** The lock of a folder, as another process opens it. */
function lockOf(version: string): number {
  mkdirSync(join(plugins.path, '.used'), { recursive: true });
  return openSync(join(plugins.path, '.used', `tools-${version}`), 'a');
}

/** Whether another process would find a folder unused. */
function isFree(version: string): boolean {
  const fd = lockOf(version);
  try {
    return lockFile(fd, 'exclusive') === 'locked';
  } finally {
    closeSync(fd);
  }
}

describe('the folders of plugins', () => {
  test('go with what is beside them, but for those that are installed', () => {
    const [one, two] = [made('1'), made('2')];
    expect(removeUnusedFolders(plugins.path, [two])).toBe(0);
    expect([existsSync(one), existsSync(`${one}.files.json`), existsSync(two)]).toEqual([false, false, true]);
    expect(removeUnusedFolders(plugins.path, [])).toBe(0);
    expect(existsSync(join(plugins.path, 'tools'))).toBe(false);
  });

  test('stay while another process uses them', () => {
    const folder = made('1');
    const fd = lockOf('1');
    expect(lockFile(fd, 'shared')).toBe('locked');
    expect([removeUnusedFolders(plugins.path, []), existsSync(folder)]).toEqual([1, true]);
    closeSync(fd);
    expect([removeUnusedFolders(plugins.path, []), existsSync(folder)]).toEqual([0, false]);
  });

  test('are in use from the first time on that they are not being removed', () => {
    const folder = made('1');
    const remover = lockOf('1');
    expect(lockFile(remover, 'exclusive')).toBe('locked');
    useFolder(folder);
    closeSync(remover);
    expect(isFree('1')).toBe(true);
    useFolder(folder);
    useFolder(folder);
    expect(isFree('1')).toBe(false);
    // Whoever removes plugins does not count as a user of them.
    expect([removeUnusedFolders(plugins.path, []), existsSync(folder)]).toEqual([0, false]);
  });
});
