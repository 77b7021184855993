import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { CommandJudge } from '../../../src/tools/approvals/index.ts';
import { cpuSeconds } from '../../support/cpu-time.ts';

interface Case {
  readonly argv: readonly string[];
  readonly safe: boolean;
  readonly dangerous: boolean;
  /** The plain commands of the script; null where it has none such. */
  readonly parsed?: readonly (readonly string[])[] | null;
}
const cases: readonly Case[] = JSON.parse(readFileSync(join(import.meta.dirname, 'cases/command-safety.json'), 'utf8'));

const judge = new CommandJudge();
beforeAll(async () => {
  await judge.ready(['bash', '-c', 'echo $HOME']);
});
const look = (...argv: string[]) => {
  const { isSafe, isDangerous } = judge.judge(argv);
  return { isSafe, isDangerous };
};
const bash = (script: string) => look('bash', '-lc', script);

describe('C1: every known case', () => {
  test.each(cases)('$argv', ({ argv, safe, dangerous, parsed }) => {
    expect(look(...argv)).toEqual({ isSafe: safe, isDangerous: dangerous });
    if (parsed === undefined) return;
    const commands = judge.judge(argv).commands?.map((command) => command.map(({ text }) => text)) ?? null;
    expect(commands).toEqual(parsed);
  });
});

describe('the rules', () => {
  test('C2: a shell with more words than a script is not unwrapped', () => {
    expect(bash('git status').isSafe).toBe(true);
    expect(look('bash', '-lc', 'git', 'status').isSafe).toBe(false);
  });
  test('C3: a quoted command name is not safe', () => expect(bash("'git status'").isSafe).toBe(false));
  test('C4: an empty script is neither', () => {
    for (const script of ['', '  \n ']) expect(bash(script)).toEqual({ isSafe: false, isDangerous: false });
  });
  test('C5: one destroying command is enough', () =>
    expect(bash('ls && rm -rf /')).toEqual({ isSafe: false, isDangerous: true }));
  test('C6: backslashes, braces and globs hide nothing', () => {
    for (const script of ['find . -de\\lete', 'find . {-delete,}', 'find . *']) expect(bash(script).isSafe).toBe(false);
  });
  test('C7: a program is trusted where programs belong', () => {
    expect(look('./ls').isSafe).toBe(false);
    expect(look('/bin/ls').isSafe).toBe(true);
  });
  test('C8: git branch only where it lists', () => {
    expect(bash('git -C . branch --show-current').isSafe).toBe(true);
    expect(bash('git -C . branch -d x').isSafe).toBe(false);
  });
  test('C9: a branch called status', () => expect(bash('git checkout status').isSafe).toBe(false));
  test('C10: danger is seen behind a redirection, not in a text', () => {
    expect(bash('rm -rf x > /dev/null').isDangerous).toBe(true);
    expect(bash('echo "rm -rf x"').isDangerous).toBe(false);
  });
  test('C11: a name that ends with git is another program', () =>
    expect(look('legit', 'reset').isDangerous).toBe(false));
  test.each([
    '(rm -rf x)',
    '\\rm -rf x',
    'rm -fr x',
    'git -C d reset',
    'sudo -u me rm -f x',
    'X=1 rm -f x',
    'if true; then rm -rf x; fi',
    'echo $(rm -rf x)',
    'timeout 5 rm -rf x',
    'find . -exec rm -f {} ;',
    'bash -c "rm -rf x"',
    'env A=1 git push --force',
  ])('danger is found in %s', (script) => expect(bash(script).isDangerous).toBe(true));
});

describe('parsing is total', () => {
  test('C30: hostile text gets an answer, and is not safe', () => {
    const texts = [
      '\ud800',
      'a\0b',
      'x'.repeat(1024 * 1024),
      '('.repeat(10_000),
      '$('.repeat(5_000),
      '"'.repeat(999),
      '`'.repeat(999),
    ];
    for (const text of texts) {
      expect(cpuSeconds(() => expect(bash(text).isSafe).toBe(false))).toBeLessThan(0.2);
    }
  });
  test('C30: no text makes it throw, and what the grammar refuses is never safe', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', maxLength: 60 }),
        (text) => typeof bash(`ls ${text}`).isSafe === 'boolean',
      ),
      { numRuns: 2_000 },
    );
  });
  test('sessions that need the grammar at the same time share it', async () => {
    const { BashGrammar } = await import('../../../src/tools/approvals/shell/bash-grammar.ts');
    const [one, other] = await Promise.all([BashGrammar.load(), BashGrammar.load()]);
    expect(one).toBe(other);
  });
  test('C31: the quick scan and the grammar agree', async () => {
    const { quickScan } = await import('../../../src/tools/approvals/shell/quick-scan.ts');
    const { BashGrammar } = await import('../../../src/tools/approvals/shell/bash-grammar.ts');
    const { plainCommands } = await import('../../../src/tools/approvals/shell/plain-commands.ts');
    const grammar = await BashGrammar.load();
    const word = fc.oneof(
      fc.constantFrom(
        'ls',
        'git',
        '-la',
        'a.b',
        '--f=x',
        'x=1',
        '5',
        '1,40p',
        'if',
        'time',
        '%1',
        '@',
        '+x',
        ':',
        "'a b'",
        "''",
        '.',
        '-',
        '--',
        'done',
        '/usr/bin/x',
        'a,b',
        '10p',
        '-3',
      ),
      fc.string({ unit: fc.constantFrom(...'ab1_./:@%+,=-'.split('')), minLength: 1, maxLength: 5 }),
    );
    const joint = fc.constantFrom(' ', ' ', ' ', '  ', ' && ', ' || ', '; ', ' | ', ';', '|', '&&');
    const script = fc
      .array(fc.tuple(word, joint), { minLength: 1, maxLength: 6 })
      .map((parts) => parts.flat().join(''));
    let answered = 0;
    fc.assert(
      fc.property(script, (text) => {
        const quick = quickScan(text);
        if (quick === undefined) return;
        answered += 1;
        const tree = grammar.parse(text);
        expect(quick).toEqual(tree && plainCommands(tree));
      }),
      { numRuns: 20_000 },
    );
    expect(answered).toBeGreaterThan(300);
  });
});

describe('one command that is judged several times', () => {
  test('is judged once, also as another list of the same words, and again when one word differs', () => {
    const judge = new CommandJudge();
    const first = judge.judge(['ls', '-l']);
    expect(judge.judge(['ls', '-l'])).toBe(first);
    expect(judge.judge(['ls', '-la'])).not.toBe(first);
    expect(judge.judge(['ls'])).toMatchObject({ isSafe: true });
    expect(judge.judge(['rm'])).toMatchObject({ isSafe: false });
    expect(judge.judge(['rm', '-rf', '/'])).toMatchObject({ isDangerous: true });
    expect(judge.judge(['rm', '-rf'])).toMatchObject({ isDangerous: true });
  });

  test('is judged again once the grammar is there', async () => {
    const judge = new CommandJudge();
    const argv = ['bash', '-c', 'for i in 1 2; do ls; done'];
    const before = judge.judge(argv);
    await judge.ready(argv);
    expect(judge.judge([...argv])).not.toBe(before);
  });
});
