import {
  chmodSync,
  chownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Draft, inDirectory, RootedDirectory, replaceFile, replaceLink } from '../../../src/foundation/files/index.ts';
import { freshDirectory } from '../../support/fresh-places.ts';

const dir = freshDirectory();
const isRoot = process.getuid?.() === 0;
const at = (...names: string[]) => join(dir.path, ...names);
const text = (name: string) => readFileSync(at(name), 'utf8');
const modeOf = (name: string) => statSync(at(name)).mode & 0o7777;
const replace = (name: string, content: string | Buffer, mode: number | null = null) =>
  inDirectory(at(name), (directory, last) => replaceFile(directory, last, content, mode));

describe('a whole file that takes the place of a name', () => {
  it('is made where there was none, with the mode that is given', () => {
    replace('new', 'text', 0o640);
    expect([text('new'), modeOf('new')]).toEqual(['text', 0o640]);
  });

  it('keeps the mode of the file before it, the bits for everything but reading too', () => {
    dir.write({ tool: 'old' });
    chmodSync(at('tool'), 0o751);
    replace('tool', 'new');
    expect([text('tool'), modeOf('tool')]).toEqual(['new', 0o751]);
  });

  it('gets another mode where one is given', () => {
    dir.write({ secret: 'old' });
    replace('secret', 'new', 0o600);
    expect(modeOf('secret')).toBe(0o600);
  });

  it('is another file, so that whoever has the old one open reads all of that', () => {
    dir.write({ file: 'old' });
    const before = statSync(at('file')).ino;
    replace('file', 'new');
    expect(statSync(at('file')).ino).not.toBe(before);
  });

  it('is written in place where the file has further names, which see the change', () => {
    dir.write({ file: 'a longer old text' });
    linkSync(at('file'), at('other'));
    replace('file', 'new');
    expect([text('file'), text('other')]).toEqual(['new', 'new']);
    expect(statSync(at('file')).nlink).toBe(2);
  });

  it.each([
    ['to a file', 'target'],
    ['to nothing', 'none'],
    ['to a directory', 'd'],
  ])('replaces a link %s, and never follows it', (_, target) => {
    dir.write({ target: 'mine', 'd/x': '' });
    symlinkSync(target, at('link'));
    replace('link', 'new');
    expect(lstatSync(at('link')).isFile()).toBe(true);
    expect([text('link'), text('target')]).toEqual(['new', 'mine']);
    expect(readdirSync(dir.path)).not.toContain('none');
  });

  it('refuses a directory, and changes nothing', () => {
    dir.write({ 'd/x': 'kept' });
    expect(() => replace('d', 'new')).toThrow('it is a directory');
    expect(text('d/x')).toBe('kept');
  });

  it('writes nothing and everything, bytes too', () => {
    const bytes = Buffer.from([0, 0xff, 0x0a, 0x80]);
    replace('bytes', bytes);
    expect(readFileSync(at('bytes'))).toEqual(bytes);
    replace('bytes', '');
    expect(text('bytes')).toBe('');
  });

  it('leaves nothing else behind in the directory', () => {
    dir.write({ file: 'old' });
    replace('file', 'new');
    expect(() => replace('file/x', 'new')).toThrow();
    expect(readdirSync(dir.path)).toEqual(['file']);
  });

  it.skipIf(isRoot)('leaves a file alone that its owner made read-only', () => {
    dir.write({ file: 'mine' });
    chmodSync(at('file'), 0o444);
    expect(() => replace('file', 'new')).toThrow('EACCES');
    expect(text('file')).toBe('mine');
  });

  it.skipIf(isRoot)('is written in place where the directory takes no new file', () => {
    dir.write({ 'd/file': 'a longer old text' });
    chmodSync(at('d'), 0o555);
    try {
      replace('d/file', 'new');
      expect(text('d/file')).toBe('new');
      expect(() => replace('d/other', 'new')).toThrow('EACCES');
    } finally {
      chmodSync(at('d'), 0o755);
    }
  });

  it.runIf(isRoot)('keeps its owner where this user can give files away', () => {
    dir.write({ file: 'old' });
    chownSync(at('file'), 12_345, 12_346);
    chmodSync(at('file'), 0o600);
    replace('file', 'new');
    const { uid, gid } = statSync(at('file'));
    expect([uid, gid, modeOf('file'), text('file')]).toEqual([12_345, 12_346, 0o600, 'new']);
  });
});

describe('a draft', () => {
  it('is gone if it never takes a name', () => {
    using directory = RootedDirectory.open(dir.path);
    {
      using draft = Draft.make(directory, { isOptional: false, mode: 0o600 });
      expect(readdirSync(dir.path)).toHaveLength(1);
      expect(draft.fd).toBeGreaterThan(2);
    }
    expect(readdirSync(dir.path)).toEqual([]);
  });

  it('takes the place of an empty directory, and not of one with something in it', () => {
    mkdirSync(at('empty'));
    dir.write({ 'full/x': 'kept' });
    using directory = RootedDirectory.open(dir.path);
    for (const name of ['empty', 'full']) {
      using draft = Draft.make(directory, { isOptional: false, mode: 0o600 });
      if (name === 'empty') draft.become(name);
      else expect(() => draft.become(name)).toThrow(/ENOTEMPTY|EEXIST/);
    }
    expect(lstatSync(at('empty')).isFile()).toBe(true);
    expect(text('full/x')).toBe('kept');
    expect(readdirSync(dir.path).sort()).toEqual(['empty', 'full']);
  });
});

describe('a link in the place of a name', () => {
  it.each<[string, () => void]>([
    ['nothing', () => undefined],
    ['a file', () => dir.write({ name: 'old' })],
    ['another link', () => symlinkSync('elsewhere', at('name'))],
    ['an empty directory', () => mkdirSync(at('name'))],
  ])('takes that of %s', (_, prepare) => {
    prepare();
    using directory = RootedDirectory.open(dir.path);
    replaceLink(directory, 'name', 'target');
    expect(readlinkSync(at('name'))).toBe('target');
    expect(readdirSync(dir.path)).toEqual(['name']);
  });

  it('does not take that of a directory with something in it', () => {
    dir.write({ 'name/x': 'kept' });
    using directory = RootedDirectory.open(dir.path);
    expect(() => replaceLink(directory, 'name', 'target')).toThrow(/ENOTEMPTY|EEXIST/);
    expect(readdirSync(dir.path)).toEqual(['name']);
    expect(text('name/x')).toBe('kept');
  });
});
