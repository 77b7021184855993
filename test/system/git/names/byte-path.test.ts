import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ancestorsOf,
  fromText,
  isSafePath,
  isWithin,
  joinZero,
  nameOf,
  parentOf,
  splitZero,
  toBytes,
  toText,
} from '../../../../src/system/git/byte-path.ts';
import { hardenedEnvironment, readingEnvironment } from '../../../../src/system/git/run/hardening.ts';
import { namesDrivers } from '../../../../src/system/git/run/names-programs.ts';
import { freshDirectory } from '../../../support/fresh-places.ts';

describe('a path as git prints it', () => {
  it('gives back every name, in whatever encoding', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const path = Buffer.from(bytes).toString('latin1');
        expect(toBytes(path)).toEqual(Buffer.from(bytes));
      }),
    );
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(toText(fromText(text))).toBe(text);
      }),
    );
    expect(toText(Buffer.from([0x61, 0xff]).toString('latin1'))).toBe('a\uFFFD');
  });

  it('is one of a list that is written and read with zero bytes between', () => {
    const name = fc
      .uint8Array({ minLength: 1 })
      .map((bytes) => Buffer.from(bytes).toString('latin1').replaceAll('\0', 'x'));
    fc.assert(
      fc.property(fc.array(name), (paths) => {
        expect(splitZero(joinZero(paths))).toEqual(paths);
      }),
    );
    expect(splitZero(Buffer.alloc(0))).toEqual([]);
    expect(splitZero(Buffer.from('a\0b'))).toEqual(['a', 'b']);
  });

  it.each<[string, string, string, string[]]>([
    ['a', '', 'a', []],
    ['a/b', 'a', 'b', ['a']],
    ['a/b/c', 'a/b', 'c', ['a', 'a/b']],
    ['', '', '', []],
  ])('%j is in %j, is called %j, below %j', (path, parent, name, ancestors) => {
    expect([parentOf(path), nameOf(path), ancestorsOf(path)]).toEqual([parent, name, ancestors]);
  });

  it.each<[string, string, boolean]>([
    ['a', '', true],
    ['a/b', 'a', true],
    ['a', 'a', true],
    ['ab', 'a', false],
    ['a', 'a/b', false],
    ['', '', true],
  ])('%j within %j: %s', (path, directory, within) => expect(isWithin(path, directory)).toBe(within));

  it.each<[string, boolean]>([
    ['a', true],
    ['a/b.c', true],
    ['.gitignore', true],
    ['a/.github/x', true],
    ['...', true],
    ['', false],
    ['/a', false],
    ['a/', false],
    ['a//b', false],
    ['..', false],
    ['a/../b', false],
    ['./a', false],
    ['.git/config', false],
    ['a/.git', false],
    ['.GIT/hooks/x', false],
    ['a/.Git/x', false],
  ])('is safe to be written: %j: %s', (path, safe) => expect(isSafePath(path)).toBe(safe));

  it('that is safe stays below its root', () => {
    const part = fc.constantFrom('a', '..', '.', '', '.git', 'b c', '.GIT', '...');
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 5 }), (parts) => {
        const path = parts.join('/');
        if (!isSafePath(path)) return;
        expect(join('/root', path).startsWith('/root/')).toBe(true);
        expect(join('/root', path).toLowerCase()).not.toContain('/.git/');
      }),
    );
  });
});

describe('the environment of a git that only reads', () => {
  it('has nothing of the user\u2019s that names a program, and a path of its own', () => {
    const env = hardenedEnvironment(
      {
        HOME: '/h',
        PATH: '/evil',
        GIT_DIR: '/evil',
        GIT_SSH_COMMAND: 'evil',
        GIT_EDITOR: 'evil',
        SSH_ASKPASS: 'evil',
        PAGER: 'evil',
        LD_PRELOAD: 'evil',
        TMPDIR: undefined,
      },
      '/usr/bin',
    );
    expect(env).toMatchObject({ HOME: '/h', PATH: '/usr/bin', GIT_TERMINAL_PROMPT: '0', GIT_EDITOR: 'false' });
    expect(Object.values(env)).not.toContain('evil');
    expect('TMPDIR' in env).toBe(false);
  });

  it('adds its settings behind those that the environment has, and leaves out what would win over them', () => {
    const base = {
      GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: 'user.name',
      GIT_CONFIG_VALUE_0: 'a',
      GIT_EXTERNAL_DIFF: 'evil',
      GIT_DIR: '/x',
      GIT_CONFIG_PARAMETERS: 'evil',
      A: 'b',
    };
    const env = readingEnvironment(base);
    expect(env).toMatchObject({ GIT_CONFIG_KEY_0: 'user.name', A: 'b', GIT_PAGER: 'cat' });
    for (const name of ['GIT_EXTERNAL_DIFF', 'GIT_DIR', 'GIT_CONFIG_PARAMETERS']) expect(env[name]).toBeUndefined();
    const count = Number(env['GIT_CONFIG_COUNT']);
    const keys = Array.from({ length: count }, (_, at) => env[`GIT_CONFIG_KEY_${at}`]);
    const values = Array.from({ length: count }, (_, at) => env[`GIT_CONFIG_VALUE_${at}`]);
    expect([...keys, ...values]).not.toContain(undefined);
    for (const key of ['core.hooksPath', 'core.fsmonitor', 'core.sshCommand', 'credential.helper', 'protocol.allow']) {
      expect(keys.slice(1)).toContain(key);
    }
  });

  it.each(['', 'x', '-1', '1e9x'])('counts on from a number that is none: %j', (count) => {
    const env = readingEnvironment({ GIT_CONFIG_COUNT: count });
    expect(Number.isInteger(Number(env['GIT_CONFIG_COUNT']))).toBe(true);
  });
});

describe('a repository that names programs', () => {
  const dir = freshDirectory();
  const named = (files: Record<string, string>, place = '') => {
    dir.write({ '.git/HEAD': 'ref: refs/heads/main\n', '.git/objects/x': '', '.git/refs/x': '', ...files });
    return namesDrivers(join(dir.path, place));
  };

  it.each<[string, boolean]>([
    ['[core]\nbare = false\n', false],
    ['', false],
    ['[filter "x"]\nclean = evil\n', true],
    ['[FILTER "x"]\n', true],
    ['[core]\nbare = false\n[ include ]\npath = x\n', true],
    ['[includeIf "gitdir:x"]\npath = x\n', true],
    ['[diff "x"]\ntextconv = evil\n', true],
    ['[diff]\nexternal = evil\n', true],
    ['[a]external=evil', true],
    ['[diff]\nalgorithm = patience\n', false],
    [`# ${'x'.repeat(300_000)}\n`, true],
  ])('by its configuration %j: %s', (config, names) => {
    expect(named({ '.git/config': config })).toBe(names);
  });

  it('by the configuration of a work tree', () => {
    expect(named({ '.git/config': '', '.git/config.worktree': '[filter "x"]\nclean = evil\n' })).toBe(true);
  });

  it('by a bare repository among the files of a project', () => {
    expect(
      named({ '.git/config': '', 'sub/HEAD': '', 'sub/objects/x': '', 'sub/refs/x': '', 'sub/deep/x': '' }, 'sub/deep'),
    ).toBe(true);
    expect(named({ 'other/HEAD': '', 'other/objects/x': '' }, 'other')).toBe(false);
  });

  it('is not there where there is none', () => {
    expect(namesDrivers(join(dir.path, 'nowhere'))).toBe(false);
  });
});
