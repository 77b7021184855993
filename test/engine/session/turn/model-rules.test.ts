import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { functionCall, httpError, message, reasoning, respond, usage } from '../../../../src/testing/index.ts';
import { liveSession } from '../../../support/sessions/live-session.ts';

const { live, open, reopen, repo, server } = liveSession();

/** Ends the session and takes its thread up again, as a new process would. */
async function resume(damage: (lines: string[]) => string[] = (lines) => lines): Promise<void> {
  const { threadId, rolloutPath } = live.session;
  await live[Symbol.asyncDispose]();
  const path = rolloutPath ?? '';
  writeFileSync(path, damage(readFileSync(path, 'utf8').trimEnd().split('\n')).join('\n').concat('\n'));
  await reopen({ options: { origin: { type: 'resume', id: threadId } } });
}

const ok = respond(message('ok'), usage({ input: 10, output: 1 }));
const shell = (script: string, id: string) => functionCall('shell', { command: ['bash', '-c', script] }, id);
const rollout = () =>
  readFileSync(live.session.rolloutPath ?? '', 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

describe('model', () => {
  test('M36: a bad request is not tried again, and the provider’s words are shown', async () => {
    await open([httpError(400, { error: { message: 'the tool list is too long' } }), ok]);
    expect(await live.say('go')).toMatchObject({ status: 'failed' });
    expect(server.requests).toHaveLength(1);
    expect(await live.next('error')).toMatchObject({
      willRetry: false,
      error: { message: expect.stringContaining('the tool list is too long') },
    });
    expect(await live.say('again')).toMatchObject({ status: 'completed' });
  });

  test('model 12: after a resume the input is what was sent before, byte for byte, under the same key', async () => {
    await open([respond(reasoning(['think'], { id: 'r1' }), shell('echo "ä\\u2028"', 'c1')), ok, ok]);
    await live.say('one \u2028 "two"');
    await resume();
    await live.say('two');
    const [, before, after] = server.requests;
    expect(after?.body['prompt_cache_key']).toBe(before?.body['prompt_cache_key']);
    // Reasoning of an earlier turn is not sent: the prefix holds up to where it stood.
    const at = before?.input.findIndex((item) => item['type'] === 'reasoning') ?? -1;
    expect(at).toBeGreaterThan(0);
    const textOf = (items: readonly unknown[] | undefined) => JSON.stringify(items);
    expect(textOf(after?.input.slice(0, at))).toBe(textOf(before?.input.slice(0, at)));
    expect(textOf(after?.input.slice(at, at + 2))).toBe(textOf(before?.input.slice(at + 1, at + 3)));
    const { input: _one, ...rest } = before?.body ?? {};
    const { input: _two, ...same } = after?.body ?? {};
    expect(JSON.stringify(same)).toBe(JSON.stringify(rest));
  });

  test.each([
    [6_000, false],
    [5_200, true],
  ])('model 29: of 250,000 tokens %i were reasoning: compacted at 244,800 is %s', async (thought, isCompacted) => {
    const full = usage({ input: 240_000, output: 10_000, reasoning: thought });
    await open([respond(message('long'), full), ok, ok]);
    await live.say('one');
    await live.say('two');
    const kinds = server.requests.map((request) => request.headers['codex-task-type']);
    expect(kinds).toEqual(isCompacted ? ['regular', 'compact', 'regular'] : ['regular', 'regular']);
  });

  test('model 38: a review and a compaction say what they are, and a review is a conversation of its own', async () => {
    await open([ok, ok, ok]);
    await live.say('one');
    await live.turn({ type: 'review', target: { type: 'custom', instructions: 'look' } });
    await live.turn({ type: 'compact' });
    const [first, review, compaction] = server.requests;
    expect(review?.headers['codex-task-type']).toBe('review');
    expect(compaction?.headers['codex-task-type']).toBe('compact');
    expect(review?.headers['conversation_id']).not.toBe(first?.headers['conversation_id']);
    expect(compaction?.headers['conversation_id']).toBe(first?.headers['conversation_id']);
    expect(review?.body['prompt_cache_key']).not.toBe(first?.body['prompt_cache_key']);
  });
});

describe('events and records', () => {
  test('protocol 1: the thread’s id is that of its first event, its file and the first line of it', async () => {
    await open([ok]);
    await live.say('one');
    const { threadId } = live.session;
    expect(live.events[0]).toMatchObject({ type: 'thread.started', threadId });
    expect(basename(live.session.rolloutPath ?? '')).toContain(threadId);
    expect(rollout()[0]).toMatchObject({ type: 'session_meta', payload: { id: threadId } });
  });

  test('protocol 2, M14: a turn is reported from its start to its one end, and nothing of it afterwards', async () => {
    await open([ok, ok]);
    const first = await live.say('one');
    await live.say('two');
    const told = live.events.flatMap((event) => {
      if (!('turnId' in event) || event.turnId !== first.turnId) return [];
      return 'item' in event && 'type' in event.item && event.type.startsWith('item.')
        ? [`${event.type} ${event.item.type}`]
        : [event.type];
    });
    const main = told.filter(
      (type) => type !== 'rawItem.recorded' && type !== 'item.delta' && type !== 'usage.updated',
    );
    expect(main).toEqual([
      'turn.started',
      'item.started userMessage',
      'item.completed userMessage',
      'item.started agentMessage',
      'item.completed agentMessage',
      'turn.completed',
    ]);
    const end = live.events.indexOf(first);
    expect(live.events.slice(end + 1).some((event) => 'turnId' in event && event.turnId === first.turnId)).toBe(false);
  });

  test('protocol 23: a record has its thread first, a context for each request, every item, and no event of the screen', async () => {
    await open([
      respond(reasoning(['think'], { id: 'r1' }), message('look', { deltas: ['lo', 'ok'] }), shell('echo x', 'c1')),
      ok,
    ]);
    await live.say('one');
    const lines = rollout();
    expect(lines[0]).toMatchObject({ type: 'session_meta' });
    expect(lines.filter(({ type }) => type === 'session_meta')).toHaveLength(1);
    // The one before the first turn repeats the opening.
    const begins = lines.findIndex(({ payload }) => payload.type === 'task_started');
    const contexts = lines.flatMap(({ type }, at) => (type === 'turn_context' ? [at] : []));
    expect(contexts.filter((at) => at > begins)).toHaveLength(server.requests.length);
    expect(contexts.filter((at) => at < begins)).toHaveLength(1);
    const recorded = lines.flatMap(({ type, payload }) => (type === 'response_item' ? [payload] : []));
    const told = live.events.flatMap((event) => (event.type === 'rawItem.recorded' ? [event.item] : []));
    expect(recorded).toEqual(told);
    const kinds = new Set(lines.flatMap(({ type, payload }) => (type === 'event_msg' ? [payload.type] : [])));
    expect([...kinds].sort()).toEqual(['task_complete', 'task_started', 'token_count', 'user_message']);
  });

  test('M79: a record that ends within a call, or has a broken line, is taken up, and its next request is sound', async () => {
    await open([respond(message('look'), shell('echo x', 'c1'), shell('echo y', 'c2')), ok, ok]);
    await live.say('one');
    await resume((lines) => {
      const end = lines.findIndex((line) => line.includes('"function_call_output"') && line.includes('"c1"'));
      return [...lines.slice(0, 3), '{"timestamp": "broken', ...lines.slice(3, end), lines[end]?.slice(0, 40) ?? ''];
    });
    expect(await live.say('two')).toMatchObject({ status: 'completed' });
    const input = server.requests.at(-1)?.input ?? [];
    const idsOf = (type: string) => input.filter((item) => item['type'] === type).map((item) => item['call_id']);
    expect(idsOf('function_call')).toEqual(['c1', 'c2']);
    expect(idsOf('function_call_output')).toEqual(['c1', 'c2']);
    expect(server.requests.at(-1)?.textsOf('user').at(-1)).toBe('two');
  });

  test('what a thread begins with is reported once, wherever it was cut off before its first request', async () => {
    writeFileSync(join(repo.path, 'AGENTS.md'), 'be brief\n');
    await open(() => ok);
    await live.say('one');
    const whole = readFileSync(live.session.rolloutPath ?? '', 'utf8')
      .trimEnd()
      .split('\n');
    const opening = whole.findIndex((line) => line.includes('"type":"turn_context"'));
    const sent = whole.findIndex((line) => line.includes('"id":"sampling-1"'));
    // The opening itself is written in one go.
    for (const kept of [1, ...Array.from({ length: sent - opening + 1 }, (_, at) => opening + 1 + at)]) {
      await resume(() => whole.slice(0, kept));
      await live.say('two');
      const told = server.requests.at(-1)?.textsOf('user') ?? [];
      const beginning = (tag: string) => told.filter((text) => text.startsWith(`<${tag}`)).length;
      expect([kept, beginning('environment_context'), beginning('user_instructions')]).toEqual([kept, 1, 1]);
    }
  });

  test('protocol 25: after a compaction the rebuilt conversation is the one the live session had', async () => {
    await open([respond(shell('echo x', 'c1')), ok, respond(message('handover'), usage({})), ok, ok]);
    await live.say('one');
    await live.turn({ type: 'compact' });
    await live.say('two');
    const before = server.requests.at(-1);
    await resume();
    await live.say('three');
    if (before) server.requests.at(-1)?.assertExtends(before);
  });
});
