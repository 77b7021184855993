import { beforeAll, describe, expect, test } from 'vitest';
import { CommandJudge, ExecPolicy, judgeByRules, ProgramPlaces } from '../../../src/tools/approvals/index.ts';
import { BashGrammar } from '../../../src/tools/approvals/shell/bash-grammar.ts';

const judge = new CommandJudge();
beforeAll(() => judge.ready(['bash', '-c', 'echo $HOME']));

const rules = new ExecPolicy([
  { pattern: [['git'], ['push']], decision: 'forbidden', justification: null },
  { pattern: [['npm'], ['publish']], decision: 'prompt', justification: null },
  { pattern: [['sudo']], decision: 'allow', justification: null },
]);

const programs = new ProgramPlaces({ searchPath: '/usr/bin:/bin', cwd: '/', writableRoots: [] });

function verdict(script: string): string {
  const argv = ['bash', '-c', script];
  return judgeByRules(rules, { argv, judgement: judge.judge(argv), programs }).type;
}

describe('what a command has others run', () => {
  test.each([
    'eval "rm -rf x"',
    "env -S 'rm -f x'",
    'sudo env A=1 timeout -k 1 5 nice -n 3 rm -f x',
    'xargs -n 1 rm --force',
    'find . -name a -exec sh -c "rm -f a" ;',
    'find . -exec find . -delete ;',
    'bash -c "bash -c \'git reset --hard\'"',
    "$'\\x72m' -rf x",
    'rm --forc x',
    'git push --force-with-le',
  ])('is dangerous if it destroys: %s', (script) => {
    expect(judge.judge(['bash', '-c', script]).isDangerous).toBe(true);
  });

  test('that goes deeper than can be followed counts as dangerous', () => {
    expect(judge.judge([...Array<string>(40).fill('eval'), 'true']).isDangerous).toBe(true);
    expect(judge.judge([...Array<string>(40).fill('nohup'), 'true']).isDangerous).toBe(false);
  });

  test.each([
    ['sudo git push', 'forbidden'],
    ['timeout 5 bash -c "git push"', 'forbidden'],
    ['eval git push', 'forbidden'],
    ['find . -exec npm publish ;', 'prompt'],
  ])('is under the rules that ask or forbid: %s', (script, type) => expect(verdict(script)).toBe(type));

  test('gains nothing by a rule that allows it', () => {
    expect(verdict('timeout 5 sudo true')).toBe('none');
  });
});

test('C30: a script that takes the grammar too long is unknown, and the next one is read as itself', async () => {
  const grammar = await BashGrammar.load();
  expect(grammar.parse('a=(('.repeat(10_000), 0)).toBeNull();
  const tree = grammar.parse('for x in a; do ls; done');
  expect(tree).toMatchObject({ type: 'program', text: 'for x in a; do ls; done', hasError: false });
});

test.each(['ls\u00a0-la', 'ls \u2028', 'l\u200bs', 'ls\u0085x'])(
  'a script whose words bash and the grammar would part differently is not safe: %j',
  (script) => expect(judge.judge(['bash', '-c', script])).toMatchObject({ isSafe: false, commands: null }),
);
