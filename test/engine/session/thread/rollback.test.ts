import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { functionCall, message, respond, usage } from '../../../../src/testing/index.ts';
import { event, fileText, item, meta, message as recorded, step } from '../../../storage/rollout/lines.ts';
import type { TestSession, TestSessionOptions } from '../../../support/session.ts';
import { liveSession } from '../../../support/sessions/live-session.ts';

const { home, live, open, reopen, repo, server } = liveSession();

const answer = (text: string) => respond(message(text), usage({ input: 100, output: 10 }));
const patch = (text: string, id: string) => respond(functionCall('apply_patch', { input: text }, id), usage({}));
const said = (index: number) => (server.requests[index]?.textsOf('user') ?? []).filter((text) => !text.startsWith('<'));
const note = (index: number) =>
  server.requests[index]?.textsOf('user').find((text) => text.includes('<action>rollback</action>'));

async function takeUpAgain(options: TestSessionOptions['options'] = {}): Promise<TestSession> {
  const { threadId } = live.session;
  await live[Symbol.asyncDispose]();
  await reopen({ options: { origin: { type: 'resume', id: threadId }, ...options } });
  return live;
}

/** Rolls back and waits until that is reported, or refused. */
async function rollBack(turns: number): Promise<'done' | string> {
  const before = live.events.length;
  live.session.submit({ type: 'rollback', turns });
  const since = (event: (typeof live.events)[number]) => live.events.indexOf(event) >= before;
  return Promise.race([
    live.next('thread.rolledBack', since).then(() => 'done'),
    live.next('error', (event) => since(event) && event.turnId === null).then(({ error }) => error.kind),
  ]);
}

describe('a rollback', () => {
  test('P23, L4: takes the last turns out, only adds to the record, and informs clients and the model', async () => {
    await open([
      answer('a1'),
      patch('*** Begin Patch\n*** Add File: new.txt\n+x\n*** End Patch', 'c1'),
      answer('a2'),
      answer('a3'),
      answer('a4'),
    ]);
    for (const text of ['one', 'two', 'three']) await live.say(text);
    const path = live.session.rolloutPath ?? '';
    const before = readFileSync(path, 'utf8');
    expect(await rollBack(2)).toBe('done');
    expect(readFileSync(path, 'utf8').startsWith(before)).toBe(true);
    expect(live.events.findLast((event) => event.type === 'thread.rolledBack')).toMatchObject({
      removed: 2,
      turns: [{ status: 'completed', items: [{ type: 'userMessage' }, { type: 'agentMessage', text: 'a1' }] }],
    });
    await live.say('four');
    const index = server.requests.length - 1;
    expect(said(index)).toEqual(['one', 'four']);
    expect(note(index)).toMatch(/removed the last 2 turns[\s\S]*Files were not reset[\s\S]*A new\.txt/);
    expect(server.requests[index]?.body['prompt_cache_key']).toBe(server.requests[0]?.body['prompt_cache_key']);
    expect(readFileSync(join(repo.path, 'new.txt'), 'utf8')).toBe('x\n');
  });

  test('takes no more turns than there are, and is refused where there is none', async () => {
    await open([answer('a1'), answer('a2')]);
    expect(await rollBack(1)).toBe('invalidInput');
    await live.say('one');
    expect(await rollBack(5)).toBe('done');
    expect(live.events.findLast((event) => event.type === 'thread.rolledBack')).toMatchObject({
      removed: 1,
      turns: [],
    });
    expect(await rollBack(1)).toBe('invalidInput');
    await live.say('two');
    expect(said(1)).toEqual(['two']);
    // The first description of the environment stays, once.
    expect(server.requests[1]?.textsOf('user').filter((text) => text.startsWith('<environment_context'))).toHaveLength(
      1,
    );
    expect(() => live.session.submit({ type: 'rollback', turns: 0 })).toThrow(/not an operation/);
  });

  test('L4: is refused while a turn runs; after an interrupt it takes that turn back', async () => {
    await open([answer('a1'), respond(functionCall('shell', { command: ['sleep', '60'] }, 'c1')), answer('a3')]);
    await live.say('one');
    live.session.submit({ type: 'userInput', items: [{ type: 'text', text: 'two' }] });
    await live.next('item.started', ({ item }) => item.type === 'commandExecution');
    expect(await rollBack(1)).toBe('threadBusy');
    live.session.submit({ type: 'interrupt' });
    expect(await rollBack(1)).toBe('done');
    await live.say('three');
    expect(said(2)).toEqual(['one', 'three']);
    expect(JSON.stringify(server.requests[2]?.input)).not.toContain('sleep');
    expect(server.requests[2]?.textsOf('user').some((text) => text.startsWith('<turn_aborted>'))).toBe(false);
  });

  test('M76: holds for a resume and a fork, and brings back what a compaction after it had replaced', async () => {
    await open([answer('a1'), answer('a2'), answer('## Goal'), answer('a3'), answer('a4'), answer('a5')]);
    await live.say('one');
    await live.say('two');
    await live.turn({ type: 'compact' });
    expect(await rollBack(1)).toBe('done');
    await live.say('three');
    expect(said(3)).toEqual(['one', 'three']);
    expect(JSON.stringify(server.requests[3]?.input)).not.toContain('keel_handover');
    const { threadId } = live.session;
    await takeUpAgain();
    expect(live.events[0]).toMatchObject({ type: 'thread.started', turns: [{}, {}] });
    await live.say('four');
    expect(server.requests[4]?.input.slice(0, server.requests[3]?.input.length)).toEqual(server.requests[3]?.input);
    await takeUpAgain({ origin: { type: 'fork', id: threadId, userMessages: 2 } });
    await live.say('five');
    expect(said(5)).toEqual(['one', 'three', 'five']);
  });

  test('M79: takes back a turn that a crash cut off; a reader who comes later hears of what is left', async () => {
    await open([answer('a1'), answer('a2')]);
    await live.say('one');
    const path = live.session.rolloutPath ?? '';
    await live[Symbol.asyncDispose]();
    const of = { turn: 'cut', step: 'input-0' };
    const call = { type: 'function_call', name: 'shell', arguments: '{}', call_id: 'c1' } as const;
    const lines = [
      event('task_started', { turn_id: 'cut' }),
      event('user_message', { message: 'two' }),
      step('cut', 'input-0', 'begin', { kind: 'input' }),
      item(recorded('user', 'two'), of),
      step('cut', 'input-0', 'end', { kind: 'input', value: [] }),
      step('cut', 'sampling-0', 'begin'),
      item(call, { turn: 'cut', step: 'sampling-0' }),
    ];
    appendFileSync(path, `${fileText(lines)}{"timestamp":"2026-01-02T03:04:05.000Z","ty`);
    await takeUpAgain();
    expect(live.events[0]).toMatchObject({ turns: [{}, { status: 'interrupted' }] });
    expect(await rollBack(1)).toBe('done');
    const { value: opening } = await live.session.events().next();
    expect(opening).toMatchObject({ type: 'thread.started', turns: [{ status: 'completed' }] });
    await live.say('three');
    expect(said(1)).toEqual(['one', 'three']);
    expect(JSON.stringify(server.requests[1]?.input)).not.toContain('"c1"');
  });

  test('what the thread used stays used, also after a resume', async () => {
    await open([answer('a1'), answer('a2'), answer('a3')]);
    await live.say('one');
    await live.say('two');
    expect(await rollBack(1)).toBe('done');
    const totals = () => live.events.findLast((event) => event.type === 'usage.updated')?.info?.total_token_usage;
    expect(totals()).toMatchObject({ input_tokens: 200, output_tokens: 20 });
    await takeUpAgain();
    await live.say('three');
    expect(totals()).toMatchObject({ input_tokens: 300, output_tokens: 30 });
  });

  test('leaves the files to undo: they go back to before the turn that was taken back, not a turn further', async () => {
    repo.write({ 'a.txt': '0' });
    const shell = (text: string, id: string) =>
      respond(functionCall('shell', { command: ['bash', '-c', `printf ${text} > a.txt`] }, id));
    const file = () => readFileSync(join(repo.path, 'a.txt'), 'utf8');
    await open([shell('1', 'c1'), answer('a1'), shell('2', 'c2'), answer('a2'), answer('a3')], {
      overrides: ['features.ghost_commit=true'],
    });
    await live.say('one');
    await live.say('two');
    expect(await rollBack(1)).toBe('done');
    expect(file()).toBe('2');
    await live.turn({ type: 'undo' });
    expect(file()).toBe('1');
    await live.say('three');
    const told = server.requests
      .at(-1)
      ?.textsOf('user')
      .find((text) => text.includes('<action>undo</action>'));
    expect(told).toContain('before a turn that was removed since.');
  });

  test('a thread of 40,000 items is rolled back, and forked, with every line of it', async () => {
    await open([answer('## Goal'), answer('a1'), answer('## Goal'), answer('a2')]);
    await live[Symbol.asyncDispose]();
    const path = writeLongThread(home.path);
    await reopen({ options: { origin: { type: 'resume', id: LONG } } });
    expect(await rollBack(2_000)).toBe('done');
    expect(live.events.findLast((event) => event.type === 'thread.rolledBack')).toMatchObject({ removed: 2_000 });
    await live.say('go on');
    // Such a thread is compacted first: the question for a handover comes after what the user said.
    expect(said(0)).toHaveLength(8_000 + 1);
    expect(readFileSync(path, 'utf8')).toContain('words 9999');
    await live[Symbol.asyncDispose]();
    await reopen({ options: { origin: { type: 'fork', id: LONG, userMessages: 7_500 } } });
    await live.say('aside');
    expect(said(2)).toHaveLength(7_500 + 1);
  }, 60_000);

  test('a thread without a record can’t be rolled back', async () => {
    await open([answer('a1')], { options: { ephemeral: true } });
    await live.say('one');
    expect(await rollBack(1)).toBe('invalidInput');
  });
});

const LONG = '01a20cee-41e3-7d69-b809-3f6bd217b403';

/** A thread of 10,000 turns with a call each: 40,000 items in 70,000 lines. */
function writeLongThread(root: string): string {
  const name = `sessions/2026/01/01/rollout-2026-01-01T00-00-00-${LONG}.jsonl`;
  const turns = Array.from({ length: 10_000 }, (_, n) => [
    event('task_started', { turn_id: `t${n}` }),
    event('user_message', { message: `words ${n}` }),
    item(recorded('user', `words ${n}`)),
    item({ type: 'function_call', name: 'shell', arguments: '{}', call_id: `c${n}` }),
    item({ type: 'function_call_output', call_id: `c${n}`, output: 'done' }),
    item(recorded('assistant', 'ok')),
    event('task_complete', { turn_id: `t${n}` }),
  ]);
  mkdirSync(join(root, dirname(name)), { recursive: true });
  writeFileSync(join(root, name), fileText([meta({ id: LONG }), ...turns.flat()]));
  return join(root, name);
}
