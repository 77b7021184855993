import { describe, expect, test } from 'vitest';
import { type HookAnswer, NO_ANSWER, readAnswer } from '../../../src/tools/hooks/answers/answer.ts';
import { type HookResult, mergeAnswers } from '../../../src/tools/hooks/answers/merge-answers.ts';
import type { Hook, HookEvent } from '../../../src/tools/hooks/hook.ts';

const printed = (stdout: string | object, exitCode = 0, stderr = '') => ({
  exitCode,
  stdout: typeof stdout === 'string' ? stdout : JSON.stringify(stdout),
  stderr,
});
const read = (event: HookEvent, output: ReturnType<typeof printed>) => readAnswer(event, output);
const specific = (fields: object) => ({ hookSpecificOutput: { hookEventName: 'PreToolUse', ...fields } });

describe('what a hook prints', () => {
  test.each([
    ['exit code 2 and its errors', printed('', 2, 'no\n'), { decision: 'deny', reason: 'no' }],
    ['a block', printed({ decision: 'block', reason: 'no' }), { decision: 'deny', reason: 'no' }],
    [
      'a denial',
      printed(specific({ permissionDecision: 'deny', permissionDecisionReason: 'no' })),
      { decision: 'deny', reason: 'no' },
    ],
    [
      'a denial among keys that are not known',
      printed({ decision: 'deny', hookSpecificOutput: 7, more: [] }),
      { decision: 'deny' },
    ],
    [
      'a denial with a failing exit code',
      printed({ decision: 'block', reason: 'no' }, 1),
      { decision: 'deny', reason: 'no' },
    ],
    [
      'a denial beside an approval',
      printed({ decision: 'approve', ...specific({ permissionDecision: 'deny' }) }),
      { decision: 'deny' },
    ],
    ['a question', printed(specific({ permissionDecision: 'ask' })), { decision: 'ask' }],
    ['an approval', printed(specific({ permissionDecision: 'allow' })), { decision: 'allow' }],
    [
      'a permission',
      printed(specific({ decision: { behavior: 'deny', message: 'no' } })),
      { decision: 'deny', reason: 'no' },
    ],
    ['an end', printed({ continue: false, stopReason: 'over' }), { stop: 'over', decision: null }],
    ['a message', printed({ systemMessage: 'look' }), { message: 'look' }],
  ])('%s', (_, output, answer) => {
    expect(read('PreToolUse', output)).toMatchObject({ type: 'answer', answer });
  });

  test('plain text is context at a prompt and at the start, and nothing elsewhere', () => {
    expect(read('UserPromptSubmit', printed('use tabs\n'))).toMatchObject({ answer: { context: 'use tabs' } });
    expect(read('SessionStart', printed('use tabs'))).toMatchObject({ answer: { context: 'use tabs' } });
    expect(read('PreToolUse', printed('use tabs'))).toEqual({ type: 'answer', answer: NO_ANSWER });
  });

  test('other exit codes, and what starts like JSON and is not, are failures', () => {
    expect(read('PreToolUse', printed('', 1, 'oh'))).toEqual({ type: 'failed', reason: 'exit code 1: oh' });
    expect(read('PreToolUse', printed({ decision: 'approve' }, 1))).toMatchObject({ type: 'failed' });
    expect(read('PreToolUse', printed('{"decision": '))).toMatchObject({ type: 'failed' });
  });
});

describe('the answers of several hooks', () => {
  const hook: Hook = {
    ...{
      event: 'PreToolUse',
      matcher: null,
      condition: null,
      command: 'check',
      timeoutMs: 1,
      isAsync: false,
      statusMessage: null,
    },
    ...{ onFailure: 'pass', format: 'keel', file: '/f', project: null, plugin: null },
  };
  const question = { subject: 'Bash', names: null, content: '', input: {} };
  const says = (answer: Partial<HookAnswer>): HookResult => {
    return { hook, question, end: { type: 'answer', answer: { ...NO_ANSWER, ...answer } } };
  };
  const allow = says({ decision: 'allow', reason: 'fine' });
  const ask = says({ decision: 'ask', reason: 'sure?' });
  const deny = says({ decision: 'deny', reason: 'no' });

  test('count in this order: denial, question, approval', () => {
    expect(mergeAnswers([allow, ask, deny, allow])).toMatchObject({ decision: 'deny', reason: 'no' });
    expect(mergeAnswers([allow, ask])).toMatchObject({ decision: 'ask', reason: 'sure?' });
    expect(mergeAnswers([allow])).toMatchObject({ decision: 'allow' });
    expect(mergeAnswers([])).toMatchObject({ decision: null, updated: null, contexts: [], messages: [] });
  });

  test('join their contexts, and of changed inputs the last counts', () => {
    const first = says({ context: 'a', updatedInput: { command: '1' } });
    const second = says({ context: 'b', updatedInput: { command: '2' } });
    expect(mergeAnswers([first, second, allow])).toMatchObject({
      contexts: ['a', 'b'],
      updated: { question, input: { command: '2' } },
    });
  });

  test('a failure is shown, and denies only where the hook says so', () => {
    const failed = { question, end: { type: 'failed', reason: 'exit code 1' } } as const;
    expect(mergeAnswers([{ ...failed, hook }])).toMatchObject({
      decision: null,
      messages: [expect.stringContaining('exit code 1')],
    });
    expect(mergeAnswers([{ ...failed, hook: { ...hook, onFailure: 'block' } }])).toMatchObject({ decision: 'deny' });
  });
});
