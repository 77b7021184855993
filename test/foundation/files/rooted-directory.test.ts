import { mkdirSync, readdirSync, readFileSync, renameSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { directoryOf, inDirectory, RootedDirectory, realName } from '../../../src/foundation/files/index.ts';
import { namesOf } from '../../../src/foundation/files/rooted-directory.ts';
import { freshDirectory } from '../../support/fresh-places.ts';

const dir = freshDirectory();
const at = (...names: string[]) => join(dir.path, ...names);
const text = (path: string) => readFileSync(path, 'utf8');

describe('the names of a path', () => {
  it.each([
    ['/', []],
    ['/a', ['a']],
    ['/a/b/', ['a', 'b']],
    ['//a///b', ['a', 'b']],
    ['', []],
  ])('%s has %j', (path, names) => expect(namesOf(path)).toEqual(names));
});

describe('a directory that is entered name by name', () => {
  it('reaches what is below it', () => {
    dir.write({ 'a/b/file': 'text' });
    using root = RootedDirectory.open(dir.path);
    using inner = root.enter(['a', 'b']);
    expect(text(inner.at('file'))).toBe('text');
  });

  it('is itself where no name is given, and can be disposed of by itself', () => {
    dir.write({ file: 'text' });
    using root = RootedDirectory.open(dir.path);
    root.enter([])[Symbol.dispose]();
    expect(text(root.at('file'))).toBe('text');
  });

  it('refuses a link anywhere on the way, also one to a directory within', () => {
    dir.write({ 'a/b/file': 'text' });
    symlinkSync('a', at('link'));
    symlinkSync('/', at('a', 'out'));
    using root = RootedDirectory.open(dir.path);
    expect(() => root.enter(['link', 'b'])).toThrow('a link is in the way');
    expect(() => root.enter(['a', 'out', 'etc'])).toThrow('a link is in the way');
  });

  it('refuses a file, and says that something is missing', () => {
    dir.write({ file: 'text' });
    using root = RootedDirectory.open(dir.path);
    expect(() => root.enter(['file'])).toThrow(/ENOTDIR|not a directory/);
    expect(() => root.enter(['none'])).toThrow('ENOENT');
  });

  it('makes what is missing where that is wanted, and reports each, outermost first', () => {
    mkdirSync(at('a'));
    const made: string[] = [];
    using root = RootedDirectory.open(dir.path);
    using inner = root.enter(['a', 'b', 'c'], { onMade: (path) => made.push(path) });
    writeFileSync(inner.at('file'), 'new');
    expect(made).toEqual([at('a', 'b'), at('a', 'b', 'c')]);
    expect(text(at('a', 'b', 'c', 'file'))).toBe('new');
  });

  it('makes nothing beyond a link', () => {
    mkdirSync(at('far'));
    symlinkSync('far', at('link'));
    using root = RootedDirectory.open(dir.path);
    expect(() => root.enter(['link', 'new'], { onMade: () => undefined })).toThrow('a link is in the way');
    expect(readdirSync(at('far'))).toEqual([]);
  });

  it.runIf(process.platform === 'linux')('stays the same directory when its name is given to another', () => {
    dir.write({ 'a/file': 'mine' });
    using inner = directoryOf(at('a', 'file'));
    renameSync(at('a'), at('moved'));
    dir.write({ 'a/file': 'other' });
    expect(text(inner.at('file'))).toBe('mine');
  });

  it('takes names that are no UTF-8', () => {
    const name = Buffer.from([0x66, 0xff]);
    using root = RootedDirectory.open(dir.path);
    writeFileSync(root.at(name), 'text');
    expect(readdirSync(dir.path, { encoding: 'buffer' })).toContainEqual(name);
    expect(readFileSync(root.at(name), 'utf8')).toBe('text');
  });
});

describe('work in the directory of a path', () => {
  it('gets the directory and the name in it, and gives its value back', () => {
    dir.write({ 'a/file': 'text' });
    expect(inDirectory(at('a', 'file'), (directory, name) => [name, text(directory.at(name))])).toEqual([
      'file',
      'text',
    ]);
  });

  it('fails where the way has become a link since it was judged', () => {
    dir.write({ 'a/file': 'text' });
    renameSync(at('a'), at('b'));
    symlinkSync('b', at('a'));
    expect(() => inDirectory(at('a', 'file'), () => undefined)).toThrow('its directory was moved meanwhile');
  });

  it('leaves no descriptor open, whether it works or fails', () => {
    dir.write({ 'a/file': 'text' });
    const open = () => (process.platform === 'linux' ? readdirSync('/proc/self/fd').length : 0);
    const before = open();
    inDirectory(at('a', 'file'), () => undefined);
    expect(() =>
      inDirectory(at('a', 'file'), () => {
        throw new Error('no');
      }),
    ).toThrow('no');
    expect(() => inDirectory(at('none', 'x', 'file'), () => undefined)).toThrow('ENOENT');
    expect(open()).toBe(before);
  });
});

describe('the real path of a name itself', () => {
  it('has its directory resolved, and not a link at its end', () => {
    dir.write({ 'a/file': '' });
    symlinkSync('a', at('link'));
    symlinkSync('file', at('a', 'end'));
    expect(realName(at('link', 'end'))).toBe(at('a', 'end'));
    expect(statSync(realName(at('link', 'end'))).isFile()).toBe(true);
    expect(realName(at('link', 'new'))).toBe(at('a', 'new'));
  });
});
