import { describe, expect, test } from 'vitest';
import { SubmissionQueue } from '../../../src/engine/session/submission-queue.ts';

const undo = { type: 'undo' } as const;

describe('the ops of a session', () => {
  test('are given out in the order in which they came, each once', async () => {
    const queue = new SubmissionQueue();
    const ids = [queue.submit(undo), queue.submit({ type: 'interrupt' }), queue.submit(undo, 'mine')];
    expect(ids).toEqual(['0', '1', 'mine']);
    expect([await queue.next(), await queue.next(), await queue.next()]).toEqual([
      { id: '0', op: undo },
      { id: '1', op: { type: 'interrupt' } },
      { id: 'mine', op: undo },
    ]);
  });

  test('wake whoever waits', async () => {
    const queue = new SubmissionQueue(7);
    const waiting = queue.next();
    queue.submit(undo);
    expect(await waiting).toEqual({ id: '7', op: undo });
  });

  test.each([
    [['3'], '4'],
    [['12', '2'], '13'],
    [['own', '0'], '1'],
    [['1e3'], '0'],
    [['-5', '0x10'], '0'],
  ])('whatever ids callers choose (%j), the next own one is not one of them', (chosen, next) => {
    const queue = new SubmissionQueue();
    for (const id of chosen) queue.submit(undo, id);
    expect(queue.submit(undo)).toBe(next);
  });

  test.each([
    ['nothing', null],
    ['a text', 'undo'],
    ['no type', {}],
    ['an unknown type', { type: 'explode' }],
    ['a field of the wrong kind', { type: 'userInput', items: 'hello' }],
  ])('that are none are refused: %s', (_what, op) => {
    const queue = new SubmissionQueue();
    expect(() => queue.submit(op)).toThrow(expect.objectContaining({ kind: 'invalidInput' }));
    expect(queue.submit(undo)).toBe('0');
  });

  test('are refused where too many wait, and taken again once one is gone', async () => {
    const queue = new SubmissionQueue();
    for (let count = 0; count < 64; count += 1) queue.submit(undo);
    expect(() => queue.submit(undo)).toThrow('more than 64 operations');
    await queue.next();
    expect(queue.submit(undo)).toBe('64');
  });

  test('end with the session: the one that waits gets nothing, and none is taken any more', async () => {
    const queue = new SubmissionQueue();
    const waiting = queue.next();
    queue.close();
    expect(await waiting).toBeNull();
    expect(() => queue.submit(undo)).toThrow(expect.objectContaining({ kind: 'sessionClosed' }));
    expect(await queue.next()).toBeNull();
  });
});
