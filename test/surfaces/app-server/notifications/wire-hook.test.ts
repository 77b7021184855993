import { expect, test } from 'vitest';
import { ofHook } from '../../../../src/surfaces/app-server/notifications/wire-hook.ts';
import { HOOK_EVENTS } from '../../../../src/tools/hooks/hook.ts';
import { schemaFault } from '../../../support/app-server/schema.ts';

const hook = {
  id: 'h1',
  event: 'PreToolUse',
  statusMessage: 'Checking',
  isAsync: false,
  file: '/home/u/.keel/hooks.json',
  source: 'user',
  startedAtMs: 1_000,
} as const;

test.each(HOOK_EVENTS.filter((event) => event !== 'Notification'))(
  '%s fits the published schema, at its start and its end',
  (event) => {
    for (const turnId of ['u', null]) {
      const given = { turnId, hook: { ...hook, event } };
      const [started] = ofHook('t', { type: 'hook.started', ...given });
      const [completed] = ofHook('t', { type: 'hook.completed', ...given, status: 'blocked', durationMs: 20 });
      expect(schemaFault('notifications', 'hook/started', started?.params)).toBeNull();
      expect(schemaFault('notifications', 'hook/completed', completed?.params)).toBeNull();
      expect(completed?.params).toMatchObject({
        run: { status: 'blocked', completedAt: 1_020, statusMessage: 'Checking' },
      });
    }
  },
);

test.each([
  ['completed', 'completed'],
  ['failed', 'failed'],
  ['blocked', 'blocked'],
  ['stopped', 'stopped'],
  ['interrupted', 'stopped'],
] as const)('the end %s is %s there', (status, wire) => {
  const [completed] = ofHook('t', { type: 'hook.completed', turnId: 'u', hook, status, durationMs: 20 });
  expect(schemaFault('notifications', 'hook/completed', completed?.params)).toBeNull();
  expect(completed?.params).toMatchObject({ run: { status: wire } });
});

test('an event that the protocol has no name for is not sent', () => {
  expect(ofHook('t', { type: 'hook.started', turnId: null, hook: { ...hook, event: 'Notification' } })).toEqual([]);
});
