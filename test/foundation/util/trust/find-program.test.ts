import { chmodSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findConfiguredProgram, findProgram } from '../../../../src/foundation/util/index.ts';
import { type TempDir, tempDir } from '../../../support/temp-dir.ts';

let work: TempDir;
beforeEach(() => {
  work = tempDir();
});
afterEach(() => work[Symbol.dispose]());

const SYSTEM = '/usr/bin';
const REAL_SH = join(SYSTEM, 'sh');

/** Puts a program that is none of the system's into a directory of the workspace. */
function plant(directory: string, name = 'sh'): string {
  work.write({ [`${directory}/${name}`]: '#!/bin/sh\nexit 1\n' });
  chmodSync(join(work.path, directory, name), 0o755);
  return join(work.path, directory);
}

/** Where a program is found; the workspace is one of the places in which commands may write. */
function found(path: readonly string[], roots: readonly string[] = [work.path], name = 'sh') {
  return findProgram(name, { env: { PATH: path.join(':') }, roots });
}
const pathOf = (result: ReturnType<typeof found>) => (result.type === 'found' ? result.path : result.reason);

describe('a program that keel starts itself', () => {
  it('is not taken from a directory in which commands may write, and PATH is passed on without it', () => {
    expect(found([plant('node_modules/.bin'), SYSTEM])).toEqual({ type: 'found', path: REAL_SH, searchPath: SYSTEM });
  });

  it('is not taken from a directory for temporary files, named or not', () => {
    const inTmp = plant('bin');
    expect(found([inTmp, SYSTEM], [])).toMatchObject({ path: REAL_SH });
    const env = { PATH: `${inTmp}:${SYSTEM}`, TMPDIR: work.path };
    expect(findProgram('sh', { env, roots: [] })).toMatchObject({ path: REAL_SH });
  });

  it('is not taken from where a relative or empty entry leads', () => {
    for (const entry of ['', '.', 'bin', './node_modules/.bin', '~/bin']) {
      expect(found([entry, SYSTEM])).toEqual({ type: 'found', path: REAL_SH, searchPath: SYSTEM });
    }
  });

  it('is not one that a link leads to from, to or through where commands may write', () => {
    plant('real');
    mkdirSync(join(work.path, 'links'));
    symlinkSync(REAL_SH, join(work.path, 'links', 'sh'));
    symlinkSync(SYSTEM, join(work.path, 'system'));
    symlinkSync('real', join(work.path, 'alias'));
    for (const directory of ['links', 'system', 'alias', 'system/../links']) {
      expect(pathOf(found([`${work.path}/${directory}`, SYSTEM]))).toBe(REAL_SH);
    }
    using outside = tempDir();
    symlinkSync(join(work.path, 'real', 'sh'), join(outside.path, 'sh'));
    symlinkSync(join(work.path, 'links', 'sh'), join(outside.path, 'bash'));
    const roots = [work.path];
    const env = { PATH: `${outside.path}:${SYSTEM}`, TMPDIR: '' };
    // Both directories are below that for temporary files: the reason has to be the link.
    expect(findProgram('sh', { env, roots })).toMatchObject({ path: REAL_SH });
    expect(findProgram('bash', { env, roots })).toMatchObject({ path: join(SYSTEM, 'bash') });
  });

  it('is passed over where it is a directory or can’t be executed', () => {
    work.write({ 'a/tool': 'text', 'b/tool/file': '' });
    expect(found([join(work.path, 'a'), join(work.path, 'b')], [], 'tool').type).toBe('missing');
  });

  it('that only commands could have put there counts as missing, with the reason', () => {
    const directory = plant('bin', 'only-here');
    const result = found([directory, SYSTEM], [work.path], 'only-here');
    expect(result).toEqual({
      type: 'missing',
      reason: expect.stringMatching(/^only-here is not used: .*where commands may write$/),
    });
    expect(found([SYSTEM], [], 'nowhere-at-all')).toEqual({ type: 'missing', reason: 'nowhere-at-all is not in PATH' });
  });

  it('holds for a root that is named by a link', () => {
    const directory = plant('bin');
    using other = tempDir();
    symlinkSync(work.path, join(other.path, 'link'));
    expect(pathOf(found([directory, SYSTEM], [join(other.path, 'link')]))).toBe(REAL_SH);
  });
});

describe('a program that settings name', () => {
  const search = () => ({ env: { PATH: SYSTEM }, roots: [work.path] });

  it('may have a path, from the directory of its settings on', () => {
    expect(findConfiguredProgram(REAL_SH, search(), '/')).toMatchObject({ path: REAL_SH });
    expect(findConfiguredProgram('./sh', search(), SYSTEM)).toMatchObject({ path: REAL_SH });
    expect(findConfiguredProgram('sh', search(), work.path)).toMatchObject({ path: REAL_SH });
  });

  it('is refused where commands may write, and where it is none', () => {
    plant('bin');
    for (const command of ['./bin/sh', join(work.path, 'bin/sh'), `${SYSTEM}/../..${work.path}/bin/sh`]) {
      const result = findConfiguredProgram(command, search(), work.path);
      expect(result).toMatchObject({ type: 'missing', reason: expect.stringContaining('where commands may write') });
    }
    expect(findConfiguredProgram('./nothing', search(), work.path)).toMatchObject({
      reason: expect.stringContaining('is not a program'),
    });
  });
});
