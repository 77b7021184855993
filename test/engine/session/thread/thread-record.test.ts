import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { SessionConfiguration } from '../../../../src/engine/session/settings.ts';
import { SessionState } from '../../../../src/engine/session/state.ts';
import { emptyConversation } from '../../../../src/engine/session/thread/rebuild-conversation.ts';
import { ThreadRecord } from '../../../../src/engine/session/thread/thread-record.ts';
import { KeelError, type RolloutItem } from '../../../../src/foundation/protocol/index.ts';
import type { RolloutRecorder } from '../../../../src/storage/rollout/index.ts';
import { functionCall, message, respond } from '../../../../src/testing/index.ts';
import { rolloutsIn } from '../../../support/keel.ts';
import { liveSession } from '../../../support/sessions/live-session.ts';

/** Keeps what each write had, and fails on demand. */
class Writes implements RolloutRecorder {
  readonly path = null;
  readonly all: string[][] = [];
  isFull = false;

  append(...items: readonly RolloutItem[]): void {
    if (this.isFull) throw new KeelError('storageFailed', 'the disk is full');
    this.all.push(items.map((item) => (item.type === 'step' ? `${item.payload.id} ${item.payload.state}` : item.type)));
  }

  sync = () => Promise.resolve();
  close = () => Promise.resolve();
}

const SETTINGS: SessionConfiguration = {
  cwd: '/',
  approvalPolicy: 'never',
  sandboxPolicy: { mode: 'read-only' },
  model: 'scripted',
  effort: null,
  summary: 'auto',
};

function recordOf(recorder: RolloutRecorder): ThreadRecord {
  return new ThreadRecord({ recorder, state: new SessionState(SETTINGS, emptyConversation()), emit: () => undefined });
}

function step(id: string, state: 'begin' | 'end'): RolloutItem {
  return { type: 'step', payload: { turn: '0', id, kind: 'input', state, version: 1 } };
}

test('lines that say nothing alone are written with the next one, in their order', () => {
  const writes = new Writes();
  const record = recordOf(writes);
  record.addWithNext(step('a', 'begin'));
  record.addWithNext(step('a', 'end'));
  expect(writes.all).toEqual([]);
  record.addUserEvent('hello');
  record.addUserEvent('again');
  expect(writes.all).toEqual([['a begin', 'a end', 'event_msg'], ['event_msg']]);
});

test('a write that fails takes none of them with it', () => {
  const writes = new Writes();
  const record = recordOf(writes);
  record.addWithNext(step('a', 'begin'));
  writes.isFull = true;
  expect(() => record.addUserEvent('hello')).toThrow('the disk is full');
  writes.isFull = false;
  record.addUserEvent('hello');
  expect(writes.all).toEqual([['a begin', 'event_msg']]);
});

const { open, live, home } = liveSession();

test('a step between a result and the next request is one write: no input, the request, its settings', async () => {
  await open([respond(functionCall('update_plan', { plan: [] }, 'c1')), respond(message('done'))]);
  await live.say('go');
  const [path = ''] = rolloutsIn(home.path);
  const lines = readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line): RolloutItem & { readonly timestamp: string } => JSON.parse(line));
  const at = lines.findIndex(({ type, payload }) => type === 'step' && payload.id === 'input-1');
  const together = lines.slice(at, at + 4);
  expect(together.map(({ type, payload }) => (type === 'step' ? `${payload.id} ${payload.state}` : type))).toEqual([
    'input-1 begin',
    'input-1 end',
    'sampling-2 begin',
    'turn_context',
  ]);
  expect(new Set(together.map(({ timestamp }) => timestamp)).size).toBe(1);
});
