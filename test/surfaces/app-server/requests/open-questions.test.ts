import { describe, expect, test } from 'vitest';
import type { ApprovalRequest, Op, SessionEventOf } from '../../../../src/foundation/protocol/index.ts';
import type { Client, Reply } from '../../../../src/surfaces/app-server/methods/method.ts';
import { OpenQuestions } from '../../../../src/surfaces/app-server/requests/open-questions.ts';
import { QUESTIONS } from '../../../support/questions.ts';

const questions: ApprovalRequest = {
  ...{ type: 'questions', questionId: 'q', callId: 'c', questions: QUESTIONS, reason: null },
};
const change: ApprovalRequest = { type: 'fileChange', questionId: 'q', callId: 'c', changes: [], reason: null };
const asked = (request: ApprovalRequest): SessionEventOf<'approval.requested'> => ({
  ...{ type: 'approval.requested', turnId: 'u', threadId: 't', request },
});
const unknown: Reply = { type: 'error', message: 'method not found' };
const red: Reply = { type: 'result', result: { answers: { colour: { answers: ['Red'] } } } };

/** A client with the requests that it has open. */
class FakeClient implements Client {
  readonly closed = new AbortController().signal;
  readonly resolved: unknown[] = [];
  readonly open = new Map<number, (reply: Reply) => void>();
  #count = 0;

  notify(method: string, params: object): void {
    this.resolved.push({ method, ...params });
  }

  request(_method: string, _params: object, onReply: (reply: Reply) => void): number {
    this.#count += 1;
    this.open.set(this.#count, onReply);
    return this.#count;
  }

  withdraw(id: number): void {
    this.open.delete(id);
  }

  reply(reply: Reply): void {
    for (const [id, onReply] of [...this.open]) {
      this.open.delete(id);
      onReply(reply);
    }
  }
}

function thread() {
  const ops: Op[] = [];
  const session = {
    threadId: 't',
    submit: (op: Op) => {
      ops.push(op);
      return 'id';
    },
  };
  return { ops, open: new OpenQuestions(session), one: new FakeClient(), other: new FakeClient() };
}

const decides = (decision: object) => [{ type: 'approval', questionId: 'q', decision }];

describe('a question of the model', () => {
  test('that a client does not know stays with the others', () => {
    const { ops, open, one, other } = thread();
    for (const client of [one, other]) open.ask(asked(questions), client);
    one.reply(unknown);
    expect(ops).toEqual([]);
    other.reply(red);
    expect(ops).toEqual(decides({ type: 'approved', content: { colour: ['Red'] } }));
  });

  test('that no client knows has no answer', () => {
    const { ops, open, one, other } = thread();
    for (const client of [one, other]) open.ask(asked(questions), client);
    one.reply(unknown);
    other.reply(unknown);
    expect(ops).toEqual(decides({ type: 'denied' }));
  });

  test('has no answer when the only client leaves that knows it', () => {
    const { ops, open, one, other } = thread();
    for (const client of [one, other]) open.ask(asked(questions), client);
    one.reply(unknown);
    open.forget(other);
    expect(ops).toEqual(decides({ type: 'denied' }));
  });

  test('waits for the next client when all leave that were asked', () => {
    const { ops, open, one, other } = thread();
    open.ask(asked(questions), one);
    open.forget(one);
    expect(ops).toEqual([]);
    open.ask(asked(questions), other);
    other.reply(red);
    expect(ops).toHaveLength(1);
  });
});

test('an error in place of a decision about a call is a no, whoever else was asked', () => {
  const { ops, open, one, other } = thread();
  for (const client of [one, other]) open.ask(asked(change), client);
  one.reply(unknown);
  expect(ops).toEqual(decides({ type: 'denied' }));
});

test('a question that is asked again takes the place of the first, which is not open any more', () => {
  const { ops, open, one } = thread();
  open.ask(asked(questions), one);
  open.ask(asked(questions), one);
  expect([...one.open.keys()]).toEqual([2]);
  expect(one.resolved).toEqual([{ method: 'serverRequest/resolved', threadId: 't', requestId: 1 }]);
  one.reply(red);
  expect(ops).toHaveLength(1);
  open.resolve('q');
  expect(one.resolved).toHaveLength(2);
});
