import { mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { notationFault } from '../../../src/foundation/files/index.ts';
import { tempDir } from '../../support/temp-dir.ts';

/** The form that is said to be right; null for a path that is taken as it is. */
function rightForm(path: string): string | null {
  using dir = tempDir();
  const fault = notationFault(path, dir.path);
  return fault === null ? null : (/ Write (.*)$/.exec(fault)?.[1] ?? 'unknown').replace(dir.path, 'CWD');
}

describe('a path in the notation of something else', () => {
  it.each([
    ['~', homedir()],
    ['~/a b', `${homedir()}/a b`],
    ['$HOME/x', `${homedir()}/x`],
    [`\${HOME}/x`, `${homedir()}/x`],
    ['$PWD/x', 'CWD/x'],
    ['$(pwd)/x', 'CWD/x'],
    ['$TMPDIR/x', 'unknown'],
    [`\${workspaceFolder}/x`, 'unknown'],
    ['~root/x', 'unknown'],
    ['file:///tmp/a%20b', '/tmp/a b'],
    ['https://example.com/x', 'unknown'],
    ['"x.ts"', 'x.ts'],
    ["'a b'", 'a b'],
    ['`x.ts`', 'x.ts'],
    ['"~/x"', `${homedir()}/x`],
    ['src\\tool.ts', 'src/tool.ts'],
    ['.\\a\\b', './a/b'],
    ['a\\ b.txt', 'a b.txt'],
    ['C:\\Users\\x', 'unknown'],
    ['C:/Users/x', 'unknown'],
  ])('%s is refused; right is %s', (path, right) => {
    expect(rightForm(path)).toBe(right);
  });

  it.each([
    'a b',
    'routes/$userId.tsx',
    '$slug/page.tsx',
    'x~',
    '~lock',
    '.',
    '/tmp/x',
    "it's",
    '@types/x',
    'a:b',
    'dev\\x2dsda.mount',
    'é',
  ])('%s is a plain path', (path) => {
    expect(rightForm(path)).toBeNull();
  });

  it('is a path where a file has that very name', () => {
    using dir = tempDir();
    dir.write({ 'a\\b': '', '"q"': '' });
    mkdirSync(`${dir.path}/~`);
    const faults = ['a\\b', '"q"', '~/new'].map((path) => notationFault(path, dir.path));
    expect(faults).toEqual([null, null, null]);
  });
});
