import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isInside, placesOnTheWay, realPath } from '../../../../src/foundation/util/index.ts';
import { freshDirectory } from '../../../support/fresh-places.ts';

describe('a path inside a directory', () => {
  it.each([
    ['/a', '/a', true],
    ['/a/b', '/a', true],
    ['/a/b/c', '/a', true],
    ['/ab', '/a', false],
    ['/a', '/a/b', false],
    ['/', '/a', false],
    ['/a', '/', true],
    ['/b', '/a', false],
    ['/a/..b', '/a', true],
    ['/a/..', '/a', false],
    ['/a/...', '/a', true],
    ['/a/../a/b', '/a', true],
    ['/a/../b', '/a', false],
    ['/a b/c', '/a b', true],
    ['/größe/x', '/größe', true],
    ['/größe/x', '/gro\u0308ße', false],
  ])('%s in %s: %s', (path, directory, inside) => {
    expect(isInside(path, directory)).toBe(inside);
  });

  it('is one that starts with all names of the directory', () => {
    const name = fc.constantFrom('a', 'b', '..c', 'd.', '...');
    const names = fc.array(name, { maxLength: 4 });
    fc.assert(
      fc.property(names, names, (one, other) => {
        const wanted = other.every((part, at) => one[at] === part);
        expect(isInside(`/${one.join('/')}`, `/${other.join('/')}`)).toBe(wanted);
      }),
    );
  });
});

describe('where a path really leads', () => {
  const dir = freshDirectory();
  const at = (...names: string[]) => join(dir.path, ...names);

  it.each<[string, readonly (readonly [link: string, target: string])[], string, string]>([
    ['a file', [], 'file', 'file'],
    ['what does not exist yet', [], 'new/file', 'new/file'],
    ['a link to a file', [['link', 'file']], 'link', 'file'],
    ['a link to a directory', [['link', 'd']], 'link/new', 'd/new'],
    ['a link to nothing', [['link', 'none']], 'link', 'none'],
    [
      'a chain of links',
      [
        ['one', 'two'],
        ['two', 'three'],
        ['three', 'file'],
      ],
      'one',
      'file',
    ],
    [
      'a chain that dangles',
      [
        ['one', 'd/two'],
        ['d/two', '../gone/x'],
      ],
      'one',
      'gone/x',
    ],
    ['below a link to nothing', [['link', 'none']], 'link/a/b', 'none/a/b'],
    ['a link upwards', [['d/up', '..']], 'd/up/file', 'file'],
  ])('%s', (_, links, path, real) => {
    dir.write({ file: '', 'd/x': '' });
    for (const [link, target] of links) symlinkSync(target, at(link));
    expect(realPath(at(path))).toBe(at(real));
  });

  it('is somewhere for links that lead round and round, and the search ends', () => {
    symlinkSync('two', at('one'));
    symlinkSync('one', at('two'));
    expect(realPath(at('one')).startsWith(dir.path)).toBe(true);
    symlinkSync('self', at('self'));
    expect(realPath(at('self', 'below')).startsWith(dir.path)).toBe(true);
  });

  it('is the root for the root', () => {
    expect(realPath('/')).toBe('/');
  });

  it('is found below a link with an absolute target', () => {
    mkdirSync(at('far'));
    symlinkSync(at('far'), at('link'));
    expect(realPath(at('link', 'a'))).toBe(at('far', 'a'));
  });
});

describe('what the kernel passes on the way', () => {
  const dir = freshDirectory();
  const below = (path: string) =>
    [...placesOnTheWay(join(dir.path, path))]
      .map((place) => place.path)
      .filter((place) => place.startsWith(`${dir.path}/`))
      .map((place) => place.slice(dir.path.length + 1));

  it('is every directory and link, in order', () => {
    dir.write({ 'a/b/file': '' });
    symlinkSync('a/b', join(dir.path, 'link'));
    expect(below('link/file')).toEqual(['link', 'a', 'a/b', 'a/b/file']);
  });

  it('begins again at the root for an absolute link', () => {
    dir.write({ 'a/file': '' });
    symlinkSync(join(dir.path, 'a'), join(dir.path, 'link'));
    expect([...placesOnTheWay(join(dir.path, 'link/file'))].filter(({ path }) => path === '/')).toHaveLength(1);
    expect(below('link/file')).toEqual(['link', 'a', 'a/file']);
  });

  it('goes through `..` of a link where that really is', () => {
    dir.write({ 'far/deep/x': '', 'far/file': '' });
    mkdirSync(join(dir.path, 'near'));
    symlinkSync('../far/deep/../file', join(dir.path, 'near/link'));
    expect(below('near/link').at(-1)).toBe('far/file');
  });

  it('ends with an error for a circle, for what is missing and for a relative path', () => {
    symlinkSync('loop', join(dir.path, 'loop'));
    expect(() => below('loop')).toThrow('too many links');
    expect(() => below('none/file')).toThrow('ENOENT');
    expect(() => [...placesOnTheWay('relative')]).toThrow('not absolute');
  });
});
