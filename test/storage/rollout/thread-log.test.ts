import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { ResponseItem, RolloutItem } from '../../../src/foundation/protocol/index.ts';
import { readRollout, type ThreadLog, threadLog } from '../../../src/storage/rollout/index.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { event, fileText, item, message, meta, step, tokenCount, usage } from './lines.ts';

/** What a file with these lines tells. */
function logOf(...lines: readonly RolloutItem[]): ThreadLog {
  using dir = tempDir();
  dir.write({ 'rollout.jsonl': fileText([meta(), ...lines]) });
  return threadLog(readRollout(join(dir.path, 'rollout.jsonl')));
}

const call: ResponseItem = { type: 'function_call', name: 'shell', arguments: '{}', call_id: 'c' };
const output: ResponseItem = { type: 'function_call_output', call_id: 'c', output: 'done' };
const of = (turn: string, id: string) => ({ turn, step: id });

/** A turn as keel journals it, from its start to the output of its only call. */
const turnLines = (turn: string): RolloutItem[] => [
  event('task_started', { turn_id: turn }),
  step(turn, 'input-0', 'begin', { kind: 'input' }),
  event('user_message', { message: 'go' }),
  item(message('user', 'go'), of(turn, 'input-0')),
  step(turn, 'input-0', 'end', { kind: 'input', value: ['s'] }),
  step(turn, 'sampling-1', 'begin'),
  item(call, of(turn, 'sampling-1')),
  step(turn, 'tool-c', 'begin', { kind: 'tool' }),
  step(turn, 'sampling-1', 'end', { value: { type: 'completed' } }),
  item(output, of(turn, 'tool-c')),
  step(turn, 'tool-c', 'end', { kind: 'tool', value: ['told'] }),
];

test('a finished turn gives its items to the history and reports what was shown', () => {
  const log = logOf(...turnLines('t1'), event('task_complete', { turn_id: 't1' }));
  expect(log.history).toEqual([message('user', 'go'), call, output].map((one) => ({ type: 'item', item: one })));
  expect(log.openTurn).toBeNull();
  expect(log.turns).toMatchObject([
    {
      id: 't1',
      status: 'completed',
      error: null,
      entries: [
        { type: 'item', item: message('user', 'go') },
        { type: 'item', item: call },
        { type: 'item', item: output },
        { type: 'emitted', value: ['told'] },
      ],
    },
  ]);
});

test('a turn ends as it is written: failed with its error, or interrupted', () => {
  const error = { kind: 'badRequest', message: 'no' };
  const log = logOf(
    ...turnLines('t1'),
    event('task_complete', { turn_id: 't1', error }),
    ...turnLines('t2'),
    event('turn_aborted', { turn_id: 't2', reason: 'interrupted' }),
  );
  expect(log.turns).toMatchObject([
    { id: 't1', status: 'failed', error },
    { id: 't2', status: 'interrupted' },
  ]);
});

test('the journal of a turn that was cut off is kept out of the history, in order', () => {
  const context = item(message('user', '<environment_context></environment_context>'));
  const log = logOf(context, ...turnLines('t1'));
  expect(log.history).toEqual([{ type: 'item', item: context.payload }]);
  expect(log.openTurn?.turnId).toBe('t1');
  const lines = log.openTurn?.lines.map((line) => (line.type === 'item' ? line.stepId : line.record.id));
  expect(lines).toEqual([
    'input-0',
    'input-0',
    'input-0',
    'sampling-1',
    'sampling-1',
    'tool-c',
    'sampling-1',
    'tool-c',
    'tool-c',
  ]);
  expect(log.turns.at(-1)?.status).toBe('inProgress');
});

test('a turn that was cut off before its input was written has nothing to go on with', () => {
  const log = logOf(...turnLines('t1').slice(0, 3));
  expect(log.openTurn).toBeNull();
  expect(log.turns).toMatchObject([{ id: 't1', status: 'interrupted' }]);
});

test('only the last turn can be open', () => {
  const log = logOf(...turnLines('t1'), ...turnLines('t2'));
  expect(log.openTurn?.turnId).toBe('t2');
  expect(log.turns.map(({ status }) => status)).toEqual(['interrupted', 'inProgress']);
  expect(log.history.map((entry) => entry.type)).toEqual(['item', 'item', 'item']);
});

test('token counts are those of the newest record, and before a turn that is to be replayed those before it', () => {
  const finished = [...turnLines('t1'), tokenCount(10), event('task_complete')];
  expect(logOf(...finished).tokenInfo?.total_token_usage).toEqual(usage(10));
  expect(logOf(...finished, ...turnLines('t2'), tokenCount(20)).tokenInfo?.total_token_usage).toEqual(usage(10));
  expect(logOf().tokenInfo).toBeNull();
});

test('the last turn context is the newest one', () => {
  const context = (cwd: string): RolloutItem => ({
    type: 'turn_context',
    payload: { cwd, approval_policy: 'never', sandbox_policy: { mode: 'read-only' }, model: 'm' },
  });
  expect(logOf(context('/a'), context('/b')).lastTurnContext?.cwd).toBe('/b');
});

test('protocol 25: a compaction is in the history where it happened, with what it left', () => {
  const replacement = [message('user', 'kept')];
  const log = logOf(
    item(message('user', 'one')),
    { type: 'compacted', payload: { message: 'summary', replacement_history: replacement } },
    item(message('assistant', 'two')),
    { type: 'compacted', payload: { message: 'of the reference' } },
  );
  expect(log.history).toEqual([
    { type: 'item', item: message('user', 'one') },
    { type: 'compacted', message: 'summary', replacement },
    { type: 'item', item: message('assistant', 'two') },
    { type: 'compacted', message: 'of the reference', replacement: null },
  ]);
});

test('in a file of the reference, which marks no turns, each message of the user begins one', () => {
  const said = (text: string) => [item(message('user', text)), event('user_message', { message: text })];
  const log = logOf(
    item(message('user', '<environment_context></environment_context>')),
    ...said('one'),
    event('agent_message', { message: 'first' }),
    item(message('assistant', 'first')),
    item(call),
    ...said('two'),
    item(message('assistant', 'second')),
  );
  expect(log.turns.map(({ status, entries }) => [status, entries])).toEqual([
    [
      'completed',
      [
        { type: 'item', item: message('user', 'one') },
        { type: 'item', item: message('assistant', 'first') },
        { type: 'item', item: call },
      ],
    ],
    [
      'completed',
      [
        { type: 'item', item: message('user', 'two') },
        { type: 'item', item: message('assistant', 'second') },
      ],
    ],
  ]);
  expect(log.openTurn).toBeNull();
  expect(log.history).toHaveLength(6);
});

test('in a file of the reference that marks its turns, items belong to the turn they stand in', () => {
  const log = logOf(
    event('task_started', { turn_id: 'a' }),
    item(message('user', 'one')),
    event('user_message', { message: 'one' }),
    item(message('assistant', 'first')),
    event('task_complete', { turn_id: 'a' }),
    event('task_started', { turn_id: 'b' }),
    item(message('user', 'two')),
    event('user_message', { message: 'two' }),
    item(call),
  );
  expect(log.turns).toMatchObject([
    {
      id: 'a',
      status: 'completed',
      entries: [{ item: message('user', 'one') }, { item: message('assistant', 'first') }],
    },
    { id: 'b', status: 'interrupted', entries: [{ item: message('user', 'two') }, { item: call }] },
  ]);
  expect(log.openTurn).toBeNull();
});

test('a thread that both wrote has the turns of both', () => {
  const log = logOf(
    item(message('user', 'one')),
    event('user_message', { message: 'one' }),
    ...turnLines('t1'),
    event('task_complete', { turn_id: 't1' }),
    item(message('user', 'three')),
    event('user_message', { message: 'three' }),
  );
  expect(log.turns.map(({ id, status }) => [id, status])).toEqual([
    ['turn-0', 'completed'],
    ['t1', 'completed'],
    ['turn-2', 'completed'],
  ]);
  expect(log.turns.at(-1)?.entries).toEqual([{ type: 'item', item: message('user', 'three') }]);
});

const failure = { kind: 'badRequest', message: 'no such model' };
test.each([
  ['completed', { status: 'completed', error: null }, { type: 'completed' }],
  ['interrupted', { status: 'interrupted', error: null }, { type: 'interrupted' }],
  ['failed', { status: 'failed', error: failure }, { type: 'failed', error: failure }],
  ['completed, by an earlier version', { error: null }, { type: 'completed' }],
  ['failed, by an earlier version', { error: failure }, { type: 'failed', error: failure }],
  ['of a kind that a later version may know', { status: 'postponed', error: null }, { type: 'completed' }],
])('a task that is recorded as %s before the end of its turn has that end', (_, payload, end) => {
  const start = event('task_started', {
    turn_id: 't',
    setup: { task: 'user_shell', tools: [], retries: { request: 1, stream: 1 } },
  });
  const done = event('task_done', { turn_id: 't', ...payload });
  expect([...logOf(start, done).doneTasks]).toEqual([['t', { end, lines: [] }]]);
  expect([...logOf(start, done, event('turn_aborted', { turn_id: 't' })).doneTasks]).toEqual([]);
});

describe('what a turn that was cut off has offered', () => {
  const setup = { task: 'regular', tools: ['shell', 'update_plan'], retries: { request: 1, stream: 1 } };
  const place = { cwd: '/work', approval_policy: 'never', sandbox_policy: { mode: 'read-only' } } as const;
  const context = (model: string): RolloutItem => ({
    type: 'turn_context',
    payload: { turn_id: 't', ...place, model },
  });
  const offerOf = (given: object, ...models: readonly string[]) =>
    logOf(
      event('task_started', { turn_id: 't', setup: { ...setup, ...given } }),
      item(message('user', 'go'), of('t', 'input-0')),
      ...models.map(context),
    ).openTurn?.offer;

  test('is that of the model that it began with, whichever it continued with', () => {
    const first = { model: 'first', tools: setup.tools, escalation: true, keepRunning: false };
    expect(offerOf({ model: 'first' }, 'first')).toEqual(first);
    expect(offerOf({ model: 'first' }, 'first', 'second')).toEqual(first);
    expect(offerOf({ model: 'first' }, 'second')).toEqual(first);
  });

  test('is not known before its first request, nor from a record without its first model', () => {
    expect(offerOf({ model: 'first' })).toBeNull();
    expect(offerOf({}, 'first')).toBeNull();
  });
});
