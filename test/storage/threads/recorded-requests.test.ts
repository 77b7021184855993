import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { requestingThread, requestsIn } from '../../../src/storage/threads/recorded-requests.ts';
import { type TempDir, tempDir } from '../../support/temp-dir.ts';

const ID = '0192f0c1-0000-7000-8000-000000000001';
const NAME = `rollout-2026-03-01T10-00-00-${ID}.jsonl`;
const AT = '2026-03-01T10:00:00.000Z';
const time = (text: string) => Date.parse(text);

let dir: TempDir;
beforeEach(() => {
  dir = tempDir();
});
afterEach(() => {
  dir[Symbol.dispose]();
});

const usage = (tokens: number) => ({
  input_tokens: tokens,
  cached_input_tokens: 0,
  output_tokens: 0,
  reasoning_output_tokens: 0,
  total_tokens: tokens,
});
const request = (sentAt: number, model = 'gpt-5') => ({
  provider: 'openai',
  model,
  sentAt,
  firstTokenMs: 5,
  durationMs: 10,
  costUsd: 0.5,
  cacheWritten: 0,
  cacheMiss: null,
  missedTokens: 0,
});

function line(type: string, payload: object, timestamp = AT): string {
  return JSON.stringify({ timestamp, type, payload });
}
const meta = (more: object = {}) =>
  line('session_meta', { id: ID, timestamp: AT, cwd: '/w', model_provider: 'p1', ...more });
const context = (model: string) =>
  line('turn_context', { cwd: '/w', approval_policy: 'never', sandbox_policy: { mode: 'read-only' }, model });
const step = (value: unknown, more: object = {}, timestamp = AT) =>
  line('step', { turn: 't1', id: 'sampling-0', kind: 'sampling', state: 'end', version: 1, value, ...more }, timestamp);
const count = (last: number, total: number, more: object = {}) =>
  line('event_msg', {
    type: 'token_count',
    info: { last_token_usage: usage(last), total_token_usage: usage(total) },
    ...more,
  });

/** The requests of a rollout with these lines. */
function requests(...lines: string[]) {
  dir.write({ [NAME]: `${lines.join('\n')}\n` });
  return [...requestsIn(join(dir.path, NAME))];
}

describe('the answered requests of a thread', () => {
  test('are the ends of its steps that asked a model', () => {
    const sentAt = time('2026-03-01T10:00:01Z');
    const found = requests(
      meta(),
      step(undefined, { state: 'begin', value: undefined }),
      step({ usage: usage(7), request: request(sentAt) }),
      step({ usage: null, request: request(sentAt + 1, 'small') }, { id: 'compact-0.1', kind: 'compact' }),
      step({ usage: usage(9), request: request(sentAt + 2) }, { id: 'tool-0.0-c1', kind: 'tool' }),
    );
    expect(found).toEqual([
      { at: sentAt, provider: 'openai', model: 'gpt-5', usage: usage(7), request: request(sentAt) },
      { at: sentAt + 1, provider: 'openai', model: 'small', usage: null, request: request(sentAt + 1, 'small') },
    ]);
  });

  test('of earlier versions have the provider of the thread and the model of the turn before', () => {
    const found = requests(
      meta(),
      context('one'),
      step({ usage: usage(1) }),
      context('two'),
      step({ usage: usage(2) }),
    );
    expect(found).toEqual([
      { at: time(AT), provider: 'p1', model: 'one', usage: usage(1), request: null },
      { at: time(AT), provider: 'p1', model: 'two', usage: usage(2), request: null },
    ]);
  });

  test('of other programs are what their totals grew by, each once', () => {
    const found = requests(
      meta({ model_provider: null }),
      context('one'),
      count(5, 5),
      count(5, 5),
      count(3, 8),
      count(0, 8),
      count(4, 12, { foreign: usage(4) }),
      count(2, 14),
    );
    expect(found.map(({ usage: used, provider }) => [used?.total_tokens, provider])).toEqual([
      [5, null],
      [3, null],
      [2, null],
    ]);
  });

  test('are not counted a second time by totals behind steps', () => {
    const sentAt = time(AT);
    expect(requests(meta(), step({ usage: usage(5), request: request(sentAt) }), count(5, 5))).toHaveLength(1);
  });

  test('of a fork are those after it was made', () => {
    const made = '2026-03-01T12:00:00.000Z';
    const before = time('2026-03-01T11:59:59Z');
    const after = time('2026-03-01T12:00:01Z');
    const found = requests(
      meta({ forked_from_id: 'other', timestamp: made }),
      step({ usage: usage(1) }),
      count(1, 1),
      step({ usage: usage(2), request: request(before) }),
      step({ usage: usage(3), request: request(after) }),
    );
    expect(found.map(({ at }) => at)).toEqual([after]);
  });

  test.each([
    ['a line that a crash cut off', `${step({ usage: usage(1), request: request(1) }).slice(0, -20)}`],
    ['a line of another program', '{"hello": 1}'],
    ['an end of another form', step({ usage: 'many' })],
    ['an end without a value', step(null)],
    ['a count of another form', line('event_msg', { type: 'token_count', info: null })],
    ['a message that looks like one', line('event_msg', { type: 'agent_message', message: '"type":"token_count"' })],
    ['an empty line', ''],
  ])('do not depend on %s', (_, text) => {
    const good = step({ usage: usage(2), request: request(time(AT)) });
    expect(requests(meta(), text, good).map(({ usage: used }) => used?.total_tokens)).toEqual([2]);
  });

  test('are none of a file that is not there, or is a folder', () => {
    expect([...requestsIn(join(dir.path, 'no.jsonl'))]).toEqual([]);
    expect([...requestsIn(dir.path)]).toEqual([]);
  });

  test('pass over a line that is longer than any that has tokens', () => {
    const long = line('response_item', {
      type: 'message',
      role: 'user',
      content: [{ type: 'input_text', text: 'x'.repeat(3 << 20) }],
    });
    const good = step({ usage: usage(2), request: request(time(AT)) });
    expect(requests(meta(), long, good)).toHaveLength(1);
  });
});

describe('the thread that a rollout records', () => {
  const of = (name: string, text: string) => {
    dir.write({ [name]: text });
    return requestingThread(join(dir.path, name));
  };

  test('is known from its name and first line', () => {
    expect(of(NAME, `${meta({ parent_thread_id: 'above' })}\n`)).toEqual({
      id: ID,
      parentId: 'above',
      cwd: '/w',
      startedAt: time(AT),
    });
  });

  test.each([
    ['another name', 'notes.jsonl', `${meta()}\n`],
    ['no line', NAME, ''],
    ['another first line', NAME, `${context('one')}\n${meta()}\n`],
    ['a first line that is cut off', NAME, meta().slice(0, 60)],
  ])('is not known with %s', (_, name, text) => {
    expect(of(name, text)).toBeNull();
  });

  test('started at no known time where the line has none', () => {
    expect(of(NAME, `${meta({ timestamp: 'yesterday' })}\n`)?.startedAt).toBe(0);
  });
});
