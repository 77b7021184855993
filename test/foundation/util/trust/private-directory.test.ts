import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { privateDirectory, temporaryDirectory } from '../../../../src/foundation/util/index.ts';
import { UnsafeDirectoryError } from '../../../../src/foundation/util/trust/private-directory.ts';
import { tempDir } from '../../../support/temp-dir.ts';

const isRoot = process.geteuid?.() === 0;
const hasOwners = process.geteuid !== undefined;

test.skipIf(!hasOwners)('a private directory is made for its user alone, and its home with it', () => {
  using dir = tempDir();
  const home = join(dir.path, 'home');
  expect(privateDirectory(home, 'run')).toBe(join(home, 'run'));
  expect(statSync(home).mode & 0o777).toBe(0o700);
  expect(statSync(join(home, 'run')).mode & 0o777).toBe(0o700);
});

test.skipIf(!hasOwners).each([0o777, 0o702, 0o1777])('a private directory of mode %o is refused', (mode) => {
  using dir = tempDir();
  mkdirSync(join(dir.path, 'cache'));
  chmodSync(join(dir.path, 'cache'), mode);
  expect(() => privateDirectory(dir.path, 'cache')).toThrow(UnsafeDirectoryError);
});

test('a link in the place of a private directory is refused, wherever it leads', () => {
  using dir = tempDir();
  mkdirSync(join(dir.path, 'elsewhere'), { mode: 0o700 });
  symlinkSync(join(dir.path, 'elsewhere'), join(dir.path, 'tmp'));
  expect(() => temporaryDirectory(dir.path, 'git')).toThrow('is not a directory');
  expect(readdirSync(join(dir.path, 'elsewhere'))).toEqual([]);
});

test.skipIf(!isRoot)('a private directory of another user is refused', () => {
  using dir = tempDir();
  mkdirSync(join(dir.path, 'cache'), { mode: 0o700 });
  chownSync(join(dir.path, 'cache'), 65_534, 65_534);
  expect(() => privateDirectory(dir.path, 'cache')).toThrow('belongs to another user (uid 65534)');
});

test('a temporary directory is gone after its use, and takes with it what a killed keel left a day ago', () => {
  using dir = tempDir();
  const old = join(dir.path, 'tmp', 'git-old');
  mkdirSync(old, { recursive: true, mode: 0o700 });
  utimesSync(old, 1_000_000, 1_000_000);
  {
    using place = temporaryDirectory(dir.path, 'git');
    writeFileSync(join(place.path, 'file'), 'text');
    expect(readdirSync(join(dir.path, 'tmp'))).toEqual([place.path.slice(join(dir.path, 'tmp').length + 1)]);
  }
  expect(readdirSync(join(dir.path, 'tmp'))).toEqual([]);
});
