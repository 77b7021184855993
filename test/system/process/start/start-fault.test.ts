import { chmodSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { describeSpawnFailure } from '../../../../src/system/process/start/spawn-failure.ts';
import { startFault } from '../../../../src/system/process/start/start-fault.ts';
import { freshDirectory } from '../../../support/fresh-places.ts';

const dir = freshDirectory();
const at = (name: string) => join(dir.path, name);
const program = (name: string, text = '#!/bin/sh\n') => {
  dir.write({ [name]: text });
  chmodSync(at(name), 0o755);
};
const faultOf = (program_: string, PATH?: string) =>
  startFault({ argv: [program_], cwd: dir.path, env: PATH === undefined ? {} : { PATH } });

describe('a program that can be started', () => {
  it('is one with its right, by its path, by a relative one, and in PATH', () => {
    program('bin/tool');
    for (const [name, path] of [
      [at('bin/tool'), ''],
      ['bin/tool', ''],
      ['./bin/tool', ''],
      ['tool', at('bin')],
      ['tool', `/nowhere:${at('bin')}`],
      ['tool', 'bin'],
    ] as const) {
      expect(faultOf(name, path)).toBeNull();
    }
  });

  it('is looked for where the system has its programs when there is no PATH', () => {
    expect(faultOf('sh')).toBeNull();
    expect(faultOf('sh', '')).toMatchObject({ exitCode: 127 });
  });

  it('is reached by a link', () => {
    program('tool');
    symlinkSync('tool', at('link'));
    expect(faultOf('./link')).toBeNull();
  });

  it('is found behind one of the same name that may not be run', () => {
    dir.write({ 'a/tool': '' });
    program('b/tool');
    expect(faultOf('tool', `${at('a')}:${at('b')}`)).toBeNull();
  });
});

describe('a program that can\u2019t be started', () => {
  it.each<[string, string, string, number, RegExp]>([
    ['is missing', './none', '', 127, /no such program/],
    ['is missing in PATH', 'none', '/usr/bin', 127, /not found in PATH/],
    ['has no right', './plain', '', 126, /not an executable file/],
    ['has no right in PATH', 'plain', '.', 126, /not an executable file/],
    ['is a directory', './d', '', 126, /not an executable file/],
    ['is below a file', './plain/x', '', 127, /no such program/],
    ['names an interpreter that is missing', './script', '', 127, /interpreter its first line names is missing/],
    ['is nothing', '', '/usr/bin', 127, /not found in PATH/],
  ])('%s', (_, name, path, exitCode, message) => {
    dir.write({ plain: '' });
    mkdirSync(at('d'));
    program('script', '#! /nowhere/python -u\n');
    const fault = faultOf(name, path);
    expect(fault).toMatchObject({ exitCode });
    expect(fault?.message).toMatch(message);
  });

  it('has no place to start in', () => {
    dir.write({ plain: '' });
    const inPlace = (cwd: string) => startFault({ argv: ['sh'], cwd, env: {} });
    expect(inPlace(at('none'))).toEqual({
      exitCode: 126,
      message: `the working directory ${at('none')} does not exist`,
    });
    expect(inPlace(at('plain'))?.message).toContain('is not a directory');
  });

  it('is no script by a name in the middle of its first line, and an endless line is no name', () => {
    program('text', 'echo #!/nowhere\n');
    program('long', `#!${'x'.repeat(10_000)}`);
    expect(faultOf('./text')).toBeNull();
    expect(faultOf('./long')).toMatchObject({ exitCode: 127 });
  });
});

describe('why the system did not start a program', () => {
  const described = (code: string, name = 'tool') =>
    describeSpawnFailure(Object.assign(new Error(`spawn ${code}`), { code }), { argv: [name], cwd: dir.path, env: {} });

  it.each<[string, RegExp]>([
    ['ENOENT', /^tool: not found in PATH$/],
    ['EACCES', /^tool: not an executable file/],
    ['ENOEXEC', /not a program this machine can run/],
    ['E2BIG', /arguments are too long; put the text into a file/],
    ['ERR_INVALID_ARG_VALUE', /contains a zero byte/],
    ['EMFILE', /^tool: spawn EMFILE$/],
  ])('%s', (code, words) => expect(described(code)).toMatch(words));

  it('is its place where that is gone', () => {
    expect(describeSpawnFailure(new Error('ENOENT'), { argv: ['sh'], cwd: at('none'), env: {} })).toContain(
      'does not exist',
    );
    expect(described('ENOENT', './tool')).toContain('no such program');
  });
});

describe('a program that was no script', () => {
  it('is started without another look at its first line, and missed when it is gone', () => {
    dir.write({ tool: '\x7fELF' });
    chmodSync(at('tool'), 0o755);
    expect(faultOf('./tool')).toBeNull();
    expect(faultOf('./tool')).toBeNull();
    chmodSync(at('tool'), 0o644);
    expect(faultOf('./tool')).toMatchObject({ exitCode: 126 });
    rmSync(at('tool'));
    expect(faultOf('./tool')).toMatchObject({ exitCode: 127 });
  });
});
