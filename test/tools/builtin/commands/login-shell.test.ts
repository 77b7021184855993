import { describe, expect, it } from 'vitest';
import { withoutLogin } from '../../../../src/tools/builtin/commands/command-arguments.ts';

describe('a command that asks for a login shell', () => {
  it.each([
    [
      ['bash', '-lc', 'x'],
      ['bash', '-c', 'x'],
    ],
    [
      ['/bin/zsh', '-lc', 'x', 'name', '-l'],
      ['/bin/zsh', '-c', 'x', 'name', '-l'],
    ],
    [
      ['sh', '-l', '-c', 'x'],
      ['sh', '-c', 'x'],
    ],
    [
      ['bash', '--login', '-c', 'x'],
      ['bash', '-c', 'x'],
    ],
    [
      ['bash', '-c', '-l', 'x'],
      ['bash', '-c', 'x'],
    ],
    [
      ['bash', '-elc', 'x'],
      ['bash', '-ec', 'x'],
    ],
    [
      ['bash', '-cl', 'x'],
      ['bash', '-c', 'x'],
    ],
  ])('%j runs as %j', (argv, plain) => {
    expect(withoutLogin(argv)).toEqual(plain);
  });

  it.each([
    [['bash', '-c', 'bash -lc x']],
    [['bash', 'script.sh', '-lc', 'x']],
    [['bash', '-l', 'script.sh']],
    [['bash', '-l']],
    [['ls', '-lc', 'x']],
    [['fish', '-lc', 'x']],
    [['bash', '-o', 'errexit', '-lc', 'x']],
  ])('%j stays as it is', (argv) => {
    expect(withoutLogin(argv)).toEqual(argv);
  });
});
