import { expect, test } from 'vitest';
import {
  jsonSchemas,
  KeelError,
  Op,
  ResponseItem,
  RolloutItem,
  SessionEvent,
  toKeelError,
} from '../../../src/foundation/protocol/index.ts';

test('ops and events are distinguished by their type, and what is neither is refused', () => {
  expect(Op.safeParse({ type: 'interrupt' }).success).toBe(true);
  expect(Op.safeParse({ type: 'dance' }).success).toBe(false);
  expect(SessionEvent.safeParse({ type: 'thread.closed', threadId: 'x' }).success).toBe(true);
  expect(ResponseItem.safeParse({ type: 'from_the_future' }).success).toBe(false);
});

test('lines of later versions keep what this one does not know', () => {
  const line = { type: 'session_meta', payload: { id: 'a', timestamp: 't', cwd: '/', agent_nickname: 'n' } };
  expect(RolloutItem.parse(line)).toEqual(line);
});

test('every protocol type has a JSON Schema that names its members', () => {
  const schemas = jsonSchemas();
  expect(Object.keys(schemas)).toContain('SessionEvent');
  for (const schema of Object.values(schemas))
    expect(schema['$schema'] ?? schema['type'] ?? schema['anyOf']).toBeDefined();
  expect(JSON.stringify(schemas['SessionEvent'])).toContain('"turn.completed"');
});

test('what was thrown by accident becomes an internal error, and a known error stays itself', () => {
  const known = new KeelError('badRequest', 'no', { httpStatus: 400 });
  expect(toKeelError(known).toInfo()).toEqual({ kind: 'badRequest', message: 'no', httpStatus: 400 });
  expect(toKeelError(new TypeError('x'))).toMatchObject({ kind: 'internal', message: 'internal error: x' });
});
