import { execFileSync } from 'node:child_process';
import {
  closeSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OutputFile } from '../../../src/foundation/files/index.ts';
import { type TempDir, tempDir } from '../../support/temp-dir.ts';

let work: TempDir;
let outside: TempDir;
const at = (name: string) => join(work.path, name);

beforeEach(() => {
  work = tempDir();
  outside = tempDir();
  outside.write({ rc: 'mine' });
});
afterEach(() => {
  work[Symbol.dispose]();
  outside[Symbol.dispose]();
});

/** Writes after commands have done their part. */
function written(path: string, commands: () => void = () => undefined): void {
  using output = OutputFile.anchor(path, [work.path]);
  commands();
  const fd = output.open();
  writeFileSync(fd, 'answer');
  closeSync(fd);
}

describe('a file for output', () => {
  it('is made, or written over', () => {
    written(at('a'));
    written(at('a'));
    work.write({ long: 'much longer than the answer' });
    written(at('long'));
    expect([readFileSync(at('a'), 'utf8'), readFileSync(at('long'), 'utf8')]).toEqual(['answer', 'answer']);
  });

  it.each<[string, () => void]>([
    ['a link', () => symlinkSync(join(outside.path, 'rc'), at('a'))],
    ['a link to nothing', () => symlinkSync(join(outside.path, 'new'), at('a'))],
    ['a further name of another file', () => linkSync(join(outside.path, 'rc'), at('a'))],
    ['a pipe', () => execFileSync('mkfifo', [at('a')])],
    ['a link to a device', () => symlinkSync('/dev/zero', at('a'))],
  ])('takes the place of what a command put there: %s', (_, commands) => {
    written(at('a'), commands);
    expect(lstatSync(at('a')).isFile()).toBe(true);
    expect(readFileSync(at('a'), 'utf8')).toBe('answer');
    expect(readFileSync(join(outside.path, 'rc'), 'utf8')).toBe('mine');
    expect(() => lstatSync(join(outside.path, 'new'))).toThrow('ENOENT');
  });

  it('stays in its directory when a command puts a link in the place of that', () => {
    mkdirSync(at('d'));
    written(at('d/rc'), () => {
      renameSync(at('d'), at('moved'));
      symlinkSync(outside.path, at('d'));
    });
    expect(readFileSync(at('moved/rc'), 'utf8')).toBe('answer');
    expect(readFileSync(join(outside.path, 'rc'), 'utf8')).toBe('mine');
  });

  it('is not reached through a link when its directory is made later', () => {
    expect(() => written(at('d/rc'), () => symlinkSync(outside.path, at('d')))).toThrow('a link is in the way');
    rmSync(at('d'));
    written(at('d/rc'), () => mkdirSync(at('d')));
    expect(readFileSync(at('d/rc'), 'utf8')).toBe('answer');
  });

  it('is refused where an earlier command may have left a link or a pipe', () => {
    symlinkSync(join(outside.path, 'rc'), at('a'));
    symlinkSync(outside.path, at('d'));
    execFileSync('mkfifo', [at('pipe')]);
    expect(() => written(at('a'))).toThrow('it is a link: name the file that it leads to');
    expect(() => written(at('d/rc'))).toThrow(/d is a link that a command may have made/);
    expect(() => written(at('pipe'))).toThrow('it is not a regular file');
    expect(readFileSync(join(outside.path, 'rc'), 'utf8')).toBe('mine');
  });

  it('is reached through a link that no command could have made', () => {
    symlinkSync(work.path, join(outside.path, 'link'));
    written(join(outside.path, 'link', 'a'));
    expect(readFileSync(at('a'), 'utf8')).toBe('answer');
  });

  it('may be a device', () => {
    expect(() => written('/dev/null')).not.toThrow();
  });
});
