import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalCommands } from '../../../src/tools/approvals/index.ts';

const canonical = (argv: readonly string[], passOverSafe = false, env = {}) =>
  canonicalCommands({ argv, cwd: '/project', env, passOverSafe });
const bash = (script: string) => ['bash', '-lc', script];

describe('approval for the session covers the same work', () => {
  test.each([
    ['by way of a shell', bash('npm test'), ['npm', 'test']],
    ['by way of another shell option', bash('npm test'), ['bash', '-c', 'npm test']],
    ['with other blanks and quotes', bash("npm   'test'"), ['npm', 'test']],
    ['with its environment before it', bash('CI=1 A=b npm test'), ['env', 'A=b', 'CI=1', 'npm', 'test']],
  ])('%s', (_, one, other) => expect(canonical(one)).toEqual(canonical(other)));

  test('in the directory that `cd` leads to', () => {
    expect(canonical(bash('cd sub && npm test'))).toEqual([
      { cwd: '/project/sub', env: [], pipeline: [['npm', 'test']] },
    ]);
    expect(canonical(bash('cd sub && cd .. && npm test'))).toEqual(canonical(['npm', 'test']));
  });

  test('pipeline by pipeline', () => {
    expect(canonical(bash('make && npm test; a | b'))).toEqual([
      ...canonical(['make']),
      ...canonical(['npm', 'test']),
      { cwd: '/project', env: [], pipeline: [['a'], ['b']] },
    ]);
  });

  test('whatever only shows its output, inside the sandbox', () => {
    expect(canonical(bash('npm test | tail -5'), true)).toEqual(canonical(['npm', 'test']));
    expect(canonical(bash('ls && npm test'), true)).toEqual(canonical(['npm', 'test']));
    expect(canonical(bash('npm test | cat .keel/auth.json'), false)).not.toEqual(canonical(['npm', 'test']));
  });
});

describe('it does not cover', () => {
  const alone = canonical(['npm', 'test']);
  test.each([
    ['another environment', bash('LD_PRELOAD=x.so npm test')],
    ['another value', ['env', 'CI=2', 'npm', 'test']],
    ['a directory that depends on how `cd` ends', bash('cd sub || npm test')],
    ['a directory that is not known', bash('cd - && npm test')],
    ['what a redirection changes', bash('npm test > /etc/x')],
    ['what is substituted', bash('npm test $(id)')],
    ['a shell that takes a script from elsewhere', ['bash', '-s', 'npm test']],
    ['an option of env', ['env', '-i', 'npm', 'test']],
  ])('%s', (_, argv) => {
    expect(canonical(argv, true)).not.toEqual(alone);
    expect(canonical(argv, true)).toHaveLength(1);
  });

  test('what is fed something else', () => {
    expect(canonical(bash('echo a | python3'), true)).not.toEqual(canonical(bash('echo b | python3'), true));
    expect(canonical(bash('cat a | sh'), true)).not.toEqual(canonical(['sh'], true));
  });

  test('what `cd` leads to where CDPATH has a say', () => {
    expect(canonical(bash('cd sub && npm test'), false, { CDPATH: '/x' })).toEqual([
      { cwd: '/project', env: [], pipeline: [bash('cd sub && npm test')] },
    ]);
  });

  test('the first of two values of one variable', () => {
    expect(canonical(bash('A=1 A=2 make'))).not.toEqual(canonical(bash('A=2 A=1 make')));
  });
});

test('every line has a key, and no key is empty', () => {
  const word = fc.constantFrom('a', 'b', 'cd', 'A=1', 'ls', '-x', '.');
  const line = fc.array(fc.oneof(word, fc.constantFrom('&&', '|', ';', '||')), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(line, fc.boolean(), (words, passOverSafe) => {
      const found = canonical(bash(words.join(' ')), passOverSafe);
      expect(found.length).toBeGreaterThan(0);
      for (const { pipeline } of found) expect(pipeline.every((command) => command.length > 0)).toBe(true);
    }),
    { numRuns: 5_000 },
  );
});
