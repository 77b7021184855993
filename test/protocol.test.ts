import { expect, test } from 'vitest';
import { Op, ResponseItem, SessionEvent } from '../src/protocol/index.ts';

test('a', () => {
  expect(Op.safeParse({ type: 'interrupt' }).success).toBe(true);
  expect(ResponseItem.safeParse({ type: 'x' }).success).toBe(false);
  expect(SessionEvent.safeParse({ type: 'thread.closed', threadId: 'x' }).success).toBe(true);
});
