import { describe, expect, test } from 'vitest';
import { denialOf } from '../../src/sandbox/denial.ts';
import { directPlan, type ExecPlan } from '../../src/sandbox/index.ts';

const direct = directPlan({ argv: ['true'], cwd: '/', env: {} });
const held: ExecPlan = { ...direct, backend: 'bwrap', network: 'none' };
const ended = (exitCode: number, output = '') => ({ exitCode, output });

describe('T17: a refusal of the sandbox', () => {
  test.each([
    [2, 'tar: x: Read-only file system', 'read-only file system'],
    [1, 'touch: cannot touch x: Permission denied', 'permission denied'],
    [126, 'bash: ./x: Operation not permitted', 'operation not permitted'],
    [6, 'curl: (6) Could not resolve host: example.com', 'the network'],
    [159, '', 'a system call that commands may not use'],
  ])('is read off exit code %i and %j', (exitCode, output, denial) => {
    expect(denialOf(held, ended(exitCode, output))).toBe(denial);
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
    expect(denialOf(direct, ended(159, 'sandbox'))).toBeNull();
    expect(denialOf({ ...held, network: 'full' }, ended(6, 'Could not resolve host'))).toBeNull();
  });
});
