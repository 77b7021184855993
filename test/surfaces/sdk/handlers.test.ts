import { describe, expect, test } from 'vitest';
import { KeelError, type SessionEvent, type SessionEventOf } from '../../../src/foundation/protocol/index.ts';
import { eventsForCaller, forCaller, forCallerOf } from '../../../src/surfaces/sdk/caller-errors.ts';
import { decisionOf, type Handlers } from '../../../src/surfaces/sdk/handlers.ts';

type Asked = SessionEventOf<'approval.requested'>;

const commandRequest: Asked['request'] = {
  ...{ type: 'command', questionId: 'q', callId: 'c', command: ['rm', 'x'], cwd: '/w', reason: null },
  ...{ commandActions: [], escalated: false },
};
const questions: Asked['request'] = {
  ...{ type: 'questions', questionId: 'q', callId: 'c', reason: null },
  questions: [{ id: 'way', header: 'Way', question: 'Which way?', options: [] }],
};
const asked = (request: Asked['request'], agent?: string): Asked => ({
  ...{ type: 'approval.requested', turnId: 't', threadId: 'thread-1', request },
  ...(agent === undefined ? {} : { agent }),
});
const none: Handlers = { onApproval: null, onQuestions: null };
/** A program without types, which may answer anything. */
function answering(answer: unknown): Handlers {
  const untyped = JSON.parse('null');
  return Object.assign({}, none, untyped, { onApproval: () => answer, onQuestions: () => answer });
}

describe('what a program answers about a call', () => {
  test('is no where it has no handler', async () => {
    expect(await decisionOf(asked(commandRequest), none)).toEqual({ type: 'denied' });
  });

  test('is its decision, and it learns whose call it is', async () => {
    const seen: unknown[] = [];
    const handlers: Handlers = {
      ...none,
      onApproval: async (request, source) => {
        seen.push(request.type, source);
        return { type: 'approved' };
      },
    };
    expect(await decisionOf(asked(commandRequest, 'worker-1'), handlers)).toEqual({ type: 'approved' });
    await decisionOf(asked(commandRequest), handlers);
    expect(seen).toEqual([
      ...['command', { threadId: 'thread-1', agent: 'worker-1' }],
      ...['command', { threadId: 'thread-1', agent: null }],
    ]);
  });

  test.each([undefined, null, true, 'approved', 1, {}, { type: 'yes' }, { approved: true }])(
    'is no where it is no decision: %j',
    async (answer) => {
      expect(await decisionOf(asked(commandRequest), answering(answer))).toEqual({
        ...{ type: 'denied', message: 'onApproval did not return a decision' },
      });
    },
  );

  test('is no where it throws, with what it threw', async () => {
    const thrown = (error: unknown): Handlers => ({ ...none, onApproval: () => Promise.reject(error) });
    expect(await decisionOf(asked(commandRequest), thrown(new Error('no window')))).toEqual({
      ...{ type: 'denied', message: 'no window' },
    });
    expect(await decisionOf(asked(commandRequest), thrown('text'))).toMatchObject({ type: 'denied' });
  });
});

describe('what a program answers to questions of the model', () => {
  test('goes back by the ids of the questions', async () => {
    const handlers: Handlers = {
      ...none,
      onQuestions: (all) => Object.fromEntries(all.map(({ id, question }) => [id, `re: ${question}`])),
    };
    expect(await decisionOf(asked(questions), handlers)).toEqual({
      ...{ type: 'approved', content: { way: 're: Which way?' } },
    });
  });

  test('is that nobody answers where there is no handler, or it gives null', async () => {
    expect(await decisionOf(asked(questions), none)).toEqual({ type: 'approved', content: {} });
    expect(await decisionOf(asked(questions), { ...none, onQuestions: () => null })).toMatchObject({ content: {} });
  });

  test.each(['text', 3, [1]])('is no answer where it is no object of answers: %j', async (answer) => {
    expect(await decisionOf(asked(questions), answering(answer))).toEqual({ type: 'denied' });
  });
});

describe('an error that reaches a program', () => {
  const limit = () =>
    new KeelError('usageLimitExceeded', 'come back later', { retryable: false, httpStatus: 429, retryAfterMs: 5 });

  async function failureOf(work: () => Promise<unknown>): Promise<unknown> {
    return work().then(
      () => null,
      (error: unknown) => error,
    );
  }

  test('says what failed, and its stack is that of the caller', async () => {
    const cause = limit();
    const error = await failureOf(() => forCaller(() => Promise.reject(cause)));
    expect(error).toBeInstanceOf(KeelError);
    expect(error).not.toBe(cause);
    expect(error).toMatchObject({ kind: 'usageLimitExceeded', message: 'come back later', httpStatus: 429 });
    expect(error).toMatchObject({ retryable: false, retryAfterMs: 5 });
    // Node prints own enumerable fields behind the message.
    expect(Object.keys(Object(error))).toEqual([]);
    expect(String(error instanceof Error && error.stack)).not.toContain('caller-errors');
  });

  test('of a method begins where the program called it', () => {
    function submit(): void {
      forCallerOf(submit, () => {
        throw limit();
      });
    }
    let stack = '';
    try {
      submit();
    } catch (error) {
      stack = error instanceof Error ? (error.stack ?? '') : '';
    }
    expect(stack.split('\n')[1]).not.toContain('submit');
    expect(stack).toContain('handlers.test.ts');
  });

  test.each([
    ['a bug of keel’s', new KeelError('internal', 'it broke')],
    ['an error of the program’s own', new TypeError('no')],
    ['something else', 'text'],
  ])('is passed on as it is where it is %s', async (_, thrown) => {
    expect(await failureOf(() => forCaller(() => Promise.reject(thrown)))).toBe(thrown);
  });

  test('comes behind the events that were before it', async () => {
    async function* events(): AsyncGenerator<SessionEvent, void, undefined> {
      yield { type: 'thread.closed', threadId: 't' };
      throw limit();
    }
    const seen: string[] = [];
    const error = await failureOf(async () => {
      for await (const event of eventsForCaller(events())) seen.push(event.type);
    });
    expect([seen, error instanceof KeelError]).toEqual([['thread.closed'], true]);
  });
});
