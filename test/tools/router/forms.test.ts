import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readAnswer } from '../../../src/tools/hooks/answers/answer.ts';
import { readCondition, readMatcher } from '../../../src/tools/hooks/matcher.ts';
import { plainToolName } from '../../../src/tools/router/call-forms.ts';
import { nearestTool } from '../../../src/tools/router/tool-names.ts';

describe('the name of a tool that a model calls', () => {
  it.each([
    ['exec_command', 'exec_command'],
    ['functions.exec_command', 'exec_command'],
    ['exec_command<|channel|>commentary', 'exec_command'],
    ['functions.a<|x|>\nb', 'a'],
    [' a ', 'a'],
    ['functions.', 'functions.'],
    ['<|x|>', '<|x|>'],
    ['', ''],
    ['my.functions.a', 'my.functions.a'],
  ])('%j is %j', (name, plain) => expect(plainToolName(name)).toBe(plain));

  it.each([
    ['Bash', ['exec_command', 'read_file'], 'exec_command'],
    ['bash', ['shell_command'], 'shell_command'],
    ['str_replace_editor', ['edit_file'], 'edit_file'],
    ['write', ['apply_patch'], 'apply_patch'],
    ['cat', ['read_file', 'exec_command'], 'read_file'],
    ['cat', ['exec_command'], 'exec_command'],
    ['exec_comand', ['exec_command'], 'exec_command'],
    ['todo_write', ['update_plan'], 'update_plan'],
    ['constructor', ['exec_command'], null],
    ['something_else', ['exec_command'], null],
    ['bash', [], null],
  ])('%s where %j are offered: %s', (name, offered, tool) => expect(nearestTool(name, offered)).toBe(tool));
});

describe('a matcher of a hook', () => {
  it.each<[string | null, string, boolean]>([
    [null, 'Bash', true],
    ['', 'Bash', true],
    ['*', 'Bash', true],
    ['Bash', 'Bash', true],
    ['Bash', 'BashOutput', false],
    ['Bash', 'bash', false],
    ['Edit|Write', 'Write', true],
    ['Edit | Write', 'Write', true],
    ['Edit|Write', 'EditWrite', false],
    ['mcp__.*', 'mcp__notes__add', true],
    ['^Ba', 'Bash', true],
    ['sh$', 'Bash', true],
    ['.*', 'anything', true],
    ['Edit|', 'Write', true],
  ])('%j admits %s: %s', (text, name, admits) => expect(readMatcher(text)?.(name)).toBe(admits));

  it.each(['(', '[', '*a', 'a{2,1}', '\\'])('that can\u2019t be read is none: %s', (text) =>
    expect(readMatcher(text)).toBeNull(),
  );

  it.each<[string, string, boolean]>([
    ['Bash(git *)', 'git status', true],
    ['Bash(git *)', 'git', true],
    ['Bash(git *)', 'gitk', false],
    ['Bash(git:*)', 'git push', true],
    ['Bash(git:*)', 'git', true],
    ['Bash(git:*)', 'gitk', false],
    ['Bash(npm run *:prod)', 'npm run a:prod', true],
    ['Bash(npm run *:prod)', 'npm run a:dev', false],
    ['Bash(git status)', 'git status', true],
    ['Bash(git status)', 'git status -s', false],
    ['Bash(a.b)', 'axb', false],
    ['Bash(a+b)', 'a+b', true],
    ['Bash(*)', 'anything', true],
    ['Bash()', 'anything', true],
    ['Bash', 'anything', true],
    ['Edit(*.ts)', 'src/a.ts', true],
    ['Edit(*.ts)', 'a.tsx', false],
    ['Bash(echo *)', 'echo a\nb', true],
    ['Bash(rm (x))', 'rm (x)', true],
  ])('with a condition %s and %j: %s', (text, subject, applies) => {
    const condition = readCondition(text);
    expect(condition?.pattern === null || condition?.pattern.test(subject)).toBe(applies);
  });

  it.each(['', 'Bash(', 'Bash)', 'Bash x', '(x)', 'Bash(x) y'])('has no condition in %j', (text) => {
    expect(readCondition(text)).toBeNull();
  });

  it('takes the words of a condition as they are, whatever signs are in them', () => {
    const words = fc.string({
      unit: fc.constantFrom('a', '.', '+', '(', ')', '[', '\\', '^', '$', '|', '?', '{', ' ', '/'),
      minLength: 1,
    });
    fc.assert(
      fc.property(words, (subject) => {
        const condition = readCondition(`Bash(${subject})`);
        expect(condition?.pattern?.test(subject)).toBe(true);
        expect(condition?.pattern?.test(`${subject}x`)).toBe(false);
      }),
    );
  });
});

describe('what a hook answers', () => {
  const answered = (
    exitCode: number,
    stdout: string,
    stderr = '',
    event: Parameters<typeof readAnswer>[0] = 'PreToolUse',
  ) => readAnswer(event, { exitCode, stdout, stderr });
  const json = (value: unknown, exitCode = 0) => answered(exitCode, JSON.stringify(value));

  it.each<[string, unknown, object]>([
    ['deny', { decision: 'block', reason: 'no' }, { decision: 'deny', reason: 'no' }],
    ['deny without a reason', { decision: 'deny' }, { decision: 'deny', reason: 'it gave no reason' }],
    [
      'the newer form',
      { hookSpecificOutput: { permissionDecision: 'deny', permissionDecisionReason: 'x' } },
      { decision: 'deny', reason: 'x' },
    ],
    ['ask', { hookSpecificOutput: { permissionDecision: 'ask' } }, { decision: 'ask', reason: null }],
    ['approve', { decision: 'approve' }, { decision: 'allow' }],
    [
      'the strictest of several',
      { decision: 'approve', hookSpecificOutput: { permissionDecision: 'deny' } },
      { decision: 'deny' },
    ],
    ['a word that is not known', { decision: 'maybe' }, { decision: null }],
    ['a decision of another type', { decision: ['deny'] }, { decision: null }],
    ['the end of the turn', { continue: false, stopReason: 'enough' }, { stop: 'enough' }],
    ['the end without a reason', { continue: false }, { stop: 'a hook ended the turn' }],
    ['no end', { continue: 'false' }, { stop: null }],
    ['other arguments', { hookSpecificOutput: { updatedInput: { a: 1 } } }, { updatedInput: { a: 1 } }],
    ['arguments that are none', { hookSpecificOutput: { updatedInput: [1] } }, { updatedInput: null }],
    ['words for the model', { hookSpecificOutput: { additionalContext: ' note ' } }, { context: 'note' }],
    ['words for the user', { systemMessage: 'note' }, { message: 'note' }],
    ['nothing', {}, { decision: null, stop: null, context: null, message: null }],
  ])('is read: %s', (_, value, answer) => expect(json(value)).toMatchObject({ type: 'answer', answer }));

  it('is a denial by its exit code, with the reason in its errors', () => {
    expect(answered(2, '', 'not here')).toMatchObject({ answer: { decision: 'deny', reason: 'not here' } });
    expect(answered(2, '{"decision":"approve","reason":"x"}')).toMatchObject({
      answer: { decision: 'deny', reason: 'x' },
    });
    expect(answered(2, '')).toMatchObject({ answer: { decision: 'deny', reason: 'it gave no reason' } });
  });

  it('that denies counts whatever else is wrong', () => {
    expect(json({ decision: 'deny', continue: 7, hookSpecificOutput: 'x' }, 1)).toMatchObject({
      answer: { decision: 'deny' },
    });
  });

  it.each<[number, string, string, RegExp]>([
    [1, '', '', /^exit code 1$/],
    [127, '', 'not found', /^exit code 127: not found$/],
    [1, 'said', '', /^exit code 1: said$/],
    [0, '{"decision":', '', /starts like JSON and is not/],
    [0, ' {x}', '', /starts like JSON/],
  ])('that is none is a failure: %i %j %j', (exitCode, stdout, stderr, reason) => {
    expect(answered(exitCode, stdout, stderr)).toEqual({ type: 'failed', reason: expect.stringMatching(reason) });
  });

  it('in plain text is for the model where text is expected, and nothing elsewhere', () => {
    for (const event of ['UserPromptSubmit', 'SessionStart'] as const) {
      expect(answered(0, 'note', '', event)).toMatchObject({ answer: { context: 'note' } });
    }
    expect(answered(0, 'note')).toMatchObject({ answer: { context: null, decision: null } });
  });

  it('is bounded, whatever a program prints', () => {
    const end = json({ decision: 'deny', reason: 'x'.repeat(1_000_000), systemMessage: 'y'.repeat(1_000_000) });
    expect(JSON.stringify(end).length).toBeLessThan(25_000);
  });
});
