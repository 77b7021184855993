import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ExecPlan } from '../../../../src/system/sandbox/index.ts';
import { denialOf } from '../../../../src/system/sandbox/plan/denial.ts';
import { directPlan } from '../../../../src/system/sandbox/plan/plan.ts';
import { cpuSeconds } from '../../../support/cpu-time.ts';
import { type TempDir, tempDir } from '../../../support/temp-dir.ts';

let dir: TempDir;
let held: ExecPlan;

beforeEach(() => {
  dir = tempDir();
  dir.write({ 'work/a': 'x', 'other/b': 'x', 'other/key': 'x' });
  const plan = directPlan({ argv: ['true'], cwd: join(dir.path, 'work'), env: {} });
  const mounts = [
    { type: 'writable', path: join(dir.path, 'work') },
    { type: 'hidden', path: join(dir.path, 'other/key') },
  ] as const;
  held = { ...plan, backend: 'bwrap', network: 'none', mounts };
});
afterEach(() => dir[Symbol.dispose]());

const ended = (exitCode: number, output = '') => ({ exitCode, output });

describe('T17: a refusal of the sandbox', () => {
  test.each([
    ["touch: cannot touch '../other/b': Read-only file system", 'writing', 'other/b'],
    ['bash: line 1: ../other/new: Permission denied', 'writing', 'other/new'],
    ["Error: EROFS: read-only file system, open '../other/new'", 'writing', 'other/new'],
    ['cat: ../other/key: Permission denied', 'reading', 'other/key'],
  ])('is certain where the plan closes the path that %j names', (output, how, path) => {
    for (const exitCode of [1, 2]) {
      const what = `${how === 'writing' ? 'writing to' : how} ${join(dir.path, path)}`;
      expect(denialOf(held, ended(exitCode, `x\n${output}\ny`))).toEqual({ what, isCertain: true });
    }
  });

  test.each([
    [6, 'curl: (6) Could not resolve host: example.com', 'the network'],
    [1, 'npm error request to https://r.test/x failed, reason: getaddrinfo EAI_AGAIN r.test', 'the network'],
    [1, 'connect: Network is unreachable\nmkdir: a: Permission denied', 'the network'],
    [2, 'go: a.test/x: module lookup disabled by GOPROXY=off\nmake: *** [all] Error 1', 'the network'],
    [1, 'Error: listen EPERM: operation not permitted 127.0.0.1:3000', 'the network, 127.0.0.1 included'],
    [1, 'listen tcp 127.0.0.1:0: socket: operation not permitted', 'the network, 127.0.0.1 included'],
    [159, '', 'a system call that commands may not use'],
  ])('is certain for exit code %i and %j', (exitCode, output, what) => {
    expect(denialOf(held, ended(exitCode, output))).toEqual({ what, isCertain: true });
  });

  test.each([
    [1, 'touch: cannot touch a: Permission denied', 'permission denied'],
    [126, 'kill: Operation not permitted', 'operation not permitted'],
  ])('is but likely where nothing that the plan closes is named: %i, %j', (exitCode, output, what) => {
    expect(denialOf(held, ended(exitCode, output))).toEqual({ what, isCertain: false });
  });

  test('is not certain of a place that is not there', () => {
    expect(denialOf(held, ended(1, "touch: cannot touch '/nowhere/x': Permission denied"))?.isCertain).toBe(false);
  });

  test('names a hostile file on one bounded line', () => {
    const name = `../other/${'long'.repeat(50)}\u001b[31m\u2028`;
    const denial = denialOf(held, ended(1, `cp: '${name}': Read-only file system`));
    expect(denial?.isCertain).toBe(true);
    expect(denial?.what).toMatch(/^writing to [\x20-\x7e]{1,200}$/);
  });

  test.each([
    ['what was not found', 127, 'bash: x: command not found'],
    ['bad usage', 2, 'usage: x'],
    ['a failing test', 1, 'expected 1 to be 2'],
    ['a success, whatever it prints', 0, 'permission denied'],
  ])('is not seen in %s', (_, exitCode, output) => {
    expect(denialOf(held, ended(exitCode, output))).toBeNull();
  });

  test('is not seen where nothing was held, nor one of the network where that is open', () => {
    expect(denialOf({ ...held, backend: 'none' }, ended(159, 'sandbox'))).toBeNull();
    expect(denialOf({ ...held, network: 'full' }, ended(6, 'Could not resolve host'))).toBeNull();
    const loopback = denialOf({ ...held, network: 'loopback' }, ended(1, 'listen EPERM 127.0.0.1:80'));
    expect(loopback).toBeNull();
  });

  test('is looked for in bounded time', () => {
    const output = `${"'".repeat(50_000)}\n`.concat('x: Permission denied\n'.repeat(50_000));
    expect(cpuSeconds(() => denialOf(held, ended(1, output)))).toBeLessThan(1);
  });
});
