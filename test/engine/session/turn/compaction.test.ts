import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  customCall,
  failed,
  functionCall,
  hang,
  hold,
  message,
  reasoning,
  respond,
  type Script,
  usage,
} from '../../../../src/testing/index.ts';
import { until } from '../../../support/keel.ts';
import { liveSession } from '../../../support/sessions/live-session.ts';
import { says } from '../../../support/session.ts';

const { live, open, reopen, repo, server } = liveSession();

const shell = (script: string, id: string) => functionCall('shell', { command: ['bash', '-c', script] }, id);
const used = (total: number) => usage({ input: total - 10, output: 10 });
const ok = respond(message('ok'), used(100));
const limit = (tokens: number) => ({ overrides: [`model_auto_compact_token_limit=${tokens}`] });
const compact = { type: 'compact' } as const;
const tooLong = respond(failed({ code: 'context_length_exceeded', message: 'too long' }));
const lastUserText = (index: number) => server.requests[index]?.textsOf('user').at(-1) ?? '';
const isQuestion = (index: number) => lastUserText(index).startsWith('The conversation has nearly filled');
const handoverOf = (index: number) =>
  server.requests[index]?.textsOf('user').find((text) => text.startsWith('<keel_handover>')) ?? '';
const rollout = () =>
  readFileSync(live.session.rolloutPath ?? '', 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

const SUMMARY = '## Goal\ng\n## Constraints\nc\n## State\ns\n## Findings\nf\n## Decisions\nd\n## Next\nn';

describe('compaction', () => {
  test('what is over the limit right after a compaction ends the turn, also where the provider counts nothing', async () => {
    const script: Script = ({ body, input }) =>
      body['tool_choice'] === 'none'
        ? respond(message(SUMMARY))
        : respond(shell('echo on', `c${input.length}-${server.requests.length}`));
    await open(script, limit(3_000));
    expect(await live.say('word '.repeat(4_000))).toMatchObject({
      status: 'failed',
      error: { kind: 'contextWindowExceeded', message: expect.stringContaining('limit of 3000 tokens') },
    });
    expect(server.requests.filter(({ body }) => body['tool_choice'] === 'none')).toHaveLength(1);
  });

  test('M57: the question closes the request and is never seen again; what follows is handed over', async () => {
    await open([ok, respond(message(SUMMARY), used(50)), ok]);
    await live.say('first words');
    await live.turn(compact);
    await live.say('second words');
    const [first, second, third] = server.requests;
    expect(isQuestion(1)).toBe(true);
    expect(second?.body['tool_choice']).toBe('none');
    expect([second?.body['instructions'], second?.body['tools']]).toEqual([
      first?.body['instructions'],
      first?.body['tools'],
    ]);
    expect(second?.headers['codex-task-type']).toBe('compact');
    const texts = third?.textsOf('user') ?? [];
    expect(texts.some((text) => text === 'first words')).toBe(true);
    expect(handoverOf(2)).toContain('## Findings\nf');
    expect(texts.at(-1)).toBe('second words');
    expect(JSON.stringify(third?.input)).not.toContain('nearly filled');
    expect(third?.input.filter((item) => item['role'] === 'assistant')).toEqual([]);
    const lines = rollout();
    // One for each request, and that of the opening.
    expect(lines.filter(({ type }) => type === 'turn_context')).toHaveLength(4);
    expect(lines.filter(({ type }) => type === 'compacted')).toMatchObject([{ payload: { message: SUMMARY } }]);
  });

  test('of the pictures that the model looked at only those stay for which there is room behind the user’s words', async () => {
    const pixel = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
    writeFileSync(join(repo.path, 'a.png'), Buffer.from(pixel, 'base64'));
    const looks = Array.from({ length: 30 }, (_, at) =>
      respond(functionCall('view_image', { path: 'a.png' }, `c${at}`), used(100)),
    );
    await open([ok, ok, ...looks, ok, respond(message(SUMMARY), used(50)), ok]);
    await live.say('first');
    await live.say('word '.repeat(10_000));
    await live.say('look at all of them');
    await live.turn(compact);
    await live.say('go on');
    const last = server.requests.at(-1);
    const said = last?.textsOf('user').filter((text) => /^[^<]/.test(text)) ?? [];
    expect(said.map((text) => text.slice(0, 10))).toEqual(['first', 'word word ', 'look at al', 'go on']);
    expect(JSON.stringify(last?.input).split('"input_image"').length - 1).toBe(7);
  });

  test('R10, M58: over the limit with a call, the next request compacts, the one after continues', async () => {
    await open(
      [respond(shell('echo seen', 'c1'), used(50_000)), respond(message(SUMMARY), used(900)), ok],
      limit(20_000),
    );
    expect(await live.say('go')).toMatchObject({ status: 'completed' });
    expect(server.requests).toHaveLength(3);
    expect(isQuestion(1)).toBe(true);
    expect(String(server.requests[1]?.outputOf('c1'))).toContain('seen');
    expect(handoverOf(2)).toContain('0  echo seen');
    expect(live.events.filter(({ type }) => type === 'turn.started')).toHaveLength(1);
    expect(
      live.events.filter((event) => event.type === 'item.completed' && event.item.type === 'contextCompaction'),
    ).toHaveLength(1);
  });

  test('M58, M61: over the limit at the end of a turn, the next turn begins with it', async () => {
    await open([respond(message('long'), used(50_000)), respond(message(SUMMARY), used(900)), ok], limit(20_000));
    await live.say('one');
    expect(server.requests).toHaveLength(1);
    await live.say('two');
    expect(isQuestion(1)).toBe(true);
    expect(lastUserText(2)).toBe('two');
    expect(server.requests).toHaveLength(3);
  });

  test('M59: over the limit again right after it, the turn ends and says why', async () => {
    const call = (id: string) => respond(shell('echo x', id), used(50_000));
    await open([call('c1'), respond(message(SUMMARY), used(900)), call('c2')], limit(20_000));
    const end = await live.say('go');
    expect(end).toMatchObject({ status: 'failed', error: { kind: 'contextWindowExceeded' } });
    expect(end.error?.message).toContain('limit');
    expect(server.requests).toHaveLength(3);
  });

  test('M60: a response under the limit arms it again', async () => {
    const call = (id: string, total: number) => respond(shell('echo x', id), used(total));
    const summary = respond(message(SUMMARY), used(900));
    await open([call('c1', 50_000), summary, call('c2', 15_000), call('c3', 45_000), summary, ok], limit(20_000));
    expect(await live.say('go')).toMatchObject({ status: 'completed' });
    expect(server.requests.map((_, index) => isQuestion(index))).toEqual([false, true, false, false, true, false]);
  });

  test('a long conversation of which much has to go for the question to fit is tried a few times, not item by item', async () => {
    const script: Script = ({ body, input }) => {
      if (body['tool_choice'] === 'none') return input.length > 20 ? tooLong : respond(message(SUMMARY), used(50));
      const calls = input.filter((item) => item['type'] === 'function_call').length;
      return calls < 120 ? respond(functionCall('update_plan', { plan: [] }, `c${calls}`), used(100)) : ok;
    };
    await open(script);
    await live.say('one');
    expect(await live.turn(compact)).toMatchObject({ status: 'completed' });
    const asked = server.requests.filter(({ body }) => body['tool_choice'] === 'none');
    expect(asked.length).toBeLessThan(20);
    expect(asked.at(-1)?.input.length).toBeGreaterThan(5);
    for (const { input } of asked) {
      const idsOf = (type: string) => input.filter((item) => item['type'] === type).map((item) => item['call_id']);
      expect(idsOf('function_call')).toEqual(idsOf('function_call_output'));
    }
  });

  test('M62: where the question does not fit, the oldest goes, with what belongs to it', async () => {
    await open([ok, tooLong, respond(message(SUMMARY), used(50)), ok]);
    await live.say('one');
    await live.turn(compact);
    const [, second, third] = server.requests;
    expect(third?.input).toEqual(second?.input.slice(1));
    expect(live.events).toContainEqual(
      expect.objectContaining({
        type: 'warning',
        message: expect.stringContaining('Trimmed 1 older conversation item'),
      }),
    );
  });

  test('M63: where nothing is left to drop, it fails and the history stays', async () => {
    await open((_request, index) => (index === 0 || index > 20 ? ok : index < 10 && isQuestion(index) ? tooLong : ok));
    await live.say('one');
    expect(await live.turn(compact)).toMatchObject({ status: 'failed', error: { kind: 'contextWindowExceeded' } });
    const next = server.requests.length;
    await live.say('two');
    expect(server.requests[next]?.textsOf('user')).toContain('one');
    expect(handoverOf(next)).toBe('');
  });

  test('M64, M65: long words of the user are kept up to their budget, what keel said is not theirs', async () => {
    await open([ok, respond(message(SUMMARY), used(50)), ok]);
    await live.say(`start ${'word '.repeat(18_000)} end`);
    await live.turn(compact);
    await live.say('next');
    const kept = server.requests[2]?.textsOf('user').find((text) => text.startsWith('start')) ?? '';
    expect(Buffer.byteLength(kept)).toBeLessThanOrEqual(80_000);
    expect(kept).toMatch(/…\d+ tokens truncated…/);
    expect(kept.endsWith('end')).toBe(true);
    expect(server.requests[2]?.textsOf('user').filter((text) => text.startsWith('<environment_context>'))).toHaveLength(
      1,
    );
  });

  test('M66: an interrupt leaves the thread as it was', async () => {
    await open([ok, respond(hang()), ok]);
    await live.say('one');
    const before = rollout().filter(({ type }) => type === 'response_item' || type === 'compacted').length;
    const turn = live.turn(compact);
    await live.next('item.started', ({ item }) => item.type === 'contextCompaction');
    await until(() => server.requests.length === 2);
    live.session.submit({ type: 'interrupt' });
    expect(await turn).toMatchObject({ status: 'interrupted' });
    expect(rollout().filter(({ type }) => type === 'compacted')).toEqual([]);
    expect(rollout().filter(({ type }) => type === 'response_item').length - before).toBeLessThanOrEqual(1);
    await live.say('two');
    expect(server.requests[2]?.textsOf('user')).toContain('one');
  });

  test('M67: a handover without words is asked for twice more; then the facts take its place, and the user is warned', async () => {
    const wordless = [
      respond(used(50)),
      respond(shell('echo no', 'x1'), used(50)),
      respond(reasoning(['hm']), used(50)),
    ];
    await open([respond(message('old answer'), used(100)), ...wordless, ok]);
    await live.say('one');
    await live.turn(compact);
    await live.say('two');
    expect(server.requests).toHaveLength(5);
    expect(handoverOf(4)).toContain('(no summary available)');
    expect(handoverOf(4)).not.toContain('old answer');
    expect(live.events).toContainEqual(
      expect.objectContaining({ type: 'warning', message: expect.stringContaining('The model wrote no handover') }),
    );
  });

  test('what an earlier handover knew is carried where the next one has no words', async () => {
    const wordless = respond(used(50));
    await open([ok, respond(message(SUMMARY), used(50)), ok, wordless, wordless, wordless, ok]);
    await live.say('one');
    await live.turn(compact);
    await live.say('two');
    await live.turn(compact);
    await live.say('three');
    expect(handoverOf(6)).toContain('## Findings\nf');
    expect(server.requests[6]?.textsOf('user').filter((text) => text.startsWith('<keel_handover>'))).toHaveLength(1);
  });

  test('the question counts as the newest message of the user: thoughts of the turn do not go along with it', async () => {
    await open(
      [
        respond(reasoning(['think'], { id: 'r1' }), shell('echo x', 'c1'), used(50_000)),
        respond(message(SUMMARY), used(900)),
        ok,
      ],
      limit(20_000),
    );
    await live.say('go');
    expect(isQuestion(1)).toBe(true);
    expect(server.requests[1]?.input.filter(({ type }) => type === 'reasoning')).toEqual([]);
  });

  test('M30: what the user writes meanwhile is the next turn', async () => {
    const gate = Promise.withResolvers<void>();
    await open([ok, respond(hold(gate.promise), message(SUMMARY), used(50)), ok]);
    await live.say('one');
    const compaction = live.turn(compact);
    await live.next('item.started', ({ item }) => item.type === 'contextCompaction');
    const next = live.turn(says('two'));
    gate.resolve();
    expect(await compaction).toMatchObject({ status: 'completed', lastAgentMessage: null });
    expect(await next).toMatchObject({ status: 'completed' });
    expect(lastUserText(2)).toBe('two');
  });

  test('asked for while a turn runs, it comes after it', async () => {
    const gate = Promise.withResolvers<void>();
    await open([respond(hold(gate.promise), message('ok'), used(100)), respond(message(SUMMARY), used(50)), ok]);
    const turn = live.say('one');
    await live.next('turn.started');
    const id = live.session.submit({ type: 'compact', focus: 'the colour blue' });
    gate.resolve();
    await turn;
    await live.next('turn.completed', ({ turnId }) => turnId === id);
    expect(lastUserText(1)).toContain('The user asks to keep in particular: the colour blue');
  });

  test('M76, M77: a thread compacted twice is the same when it is resumed', async () => {
    await open([ok, respond(message(SUMMARY), used(50)), ok, respond(message(`${SUMMARY} 2`), used(50)), ok, ok]);
    await live.say('one');
    await live.turn(compact);
    await live.say('two');
    await live.turn(compact);
    await live.say('three');
    const { threadId } = live.session;
    await live[Symbol.asyncDispose]();
    await reopen({ options: { origin: { type: 'resume', id: threadId } } });
    await live.say('four');
    const [before, after] = server.requests.slice(-2);
    if (before) after?.assertExtends(before);
    expect(after?.body['prompt_cache_key']).toBe(before?.body['prompt_cache_key']);
    expect(after?.textsOf('user').filter((text) => text.startsWith('<keel_handover>'))).toHaveLength(1);
  });

  test('what code saw happen is handed on, and outweighs what the model claims', async () => {
    const patch = '*** Begin Patch\n*** Add File: a.txt\n+one\n+two\n*** End Patch';
    const plan = functionCall('update_plan', { plan: [{ step: 'mend it', status: 'in_progress' }] }, 'c0');
    const claim = `${SUMMARY}\nAll tests pass.`;
    await open([
      respond(plan, shell('echo 1 failed; exit 1 # npm test', 'c1'), used(100)),
      respond(customCall('apply_patch', patch, 'c2'), used(100)),
      ok,
      respond(message(claim), used(50)),
      ok,
    ]);
    await live.say('mend');
    await live.turn(compact);
    await live.say('on');
    const text = handoverOf(4);
    expect(text).toContain('Plan:\n[>] mend it');
    expect(text).toContain('A  a.txt (+2 -0)');
    expect(text).toMatch(/Last check:\necho 1 failed.*exit code 1, before the last edit/);
    expect(text).toContain('keel: the last check recorded was');
    expect(text).toContain(live.session.rolloutPath);
  });

  test('a prompt and a model of the user’s own write the handover', async () => {
    const overrides = ['compact_prompt="Sum it up."', 'compact_model="gpt-4.1"'];
    await open([ok, respond(message('short'), used(50)), ok], { overrides });
    await live.say('one');
    await live.turn(compact);
    expect(lastUserText(1)).toBe('Sum it up.');
    expect(server.requests[1]?.body['model']).toBe('gpt-4.1');
    await live.say('two');
    expect(live.events).toContainEqual(
      expect.objectContaining({ type: 'warning', message: expect.stringContaining('no part on Goal') }),
    );
  });
});

describe('old outputs are left out before a conversation is compacted', () => {
  const big = (name: string, id: string) =>
    shell(`for i in {1..200}; do echo "${name} line $i of many, all of them long ones"; done`, id);
  const call = (id: string, total: number) => respond(big(id, id), used(total));
  const warnings = () => live.events.flatMap((event) => (event.type === 'warning' ? [event.message] : []));
  const LEFT_OUT =
    /^\[output of an earlier call left out to save room; it ended with exit code 0\. Full text: (\S+)\]$/;

  /** Three turns with a large output each, the last of which fills the window. */
  const filled = (more: object = {}) =>
    open(
      [call('c1', 500), ok, call('c2', 2_400), ok, call('c3', 2_400), respond(message('ok'), used(5_100)), ok, ok, ok],
      { overrides: ['model_auto_compact_token_limit=5000'], ...more },
    );

  async function threeTurns(): Promise<void> {
    await live.say('one');
    await live.say('two');
    await live.say('three');
  }

  test('they go in one batch, the newest first, until there is room; the call and the way to the text stay', async () => {
    await filled();
    await threeTurns();
    const before = server.requests.at(-1);
    await live.say('four');
    const after = server.requests.at(-1);
    expect(server.requests).toHaveLength(7);
    expect(server.requests.some((_, index) => isQuestion(index))).toBe(false);
    const path = LEFT_OUT.exec(String(after?.outputOf('c1')))?.[1] ?? '';
    expect(readFileSync(path, 'utf8')).toMatch(/^c1 line 1 of many, [\s\S]*c1 line 200 of many, .*\n$/);
    expect(after?.outputOf('c2')).toBe(before?.outputOf('c2'));
    expect(after?.outputOf('c3')).toBe(before?.outputOf('c3'));
    const ids = (type: string) => after?.input.flatMap((item) => (item['type'] === type ? [item['call_id']] : []));
    expect(ids('function_call_output')).toEqual(ids('function_call'));
    expect(warnings()).toEqual([
      expect.stringMatching(/^The conversation was full: an old tool output \(about \d{4} tokens\) left out of it/),
    ]);
    // What was sent before it is sent as it was.
    const cut = after?.input.findIndex((item) => item['call_id'] === 'c1' && item['type'] === 'function_call_output');
    expect(cut).toBeGreaterThan(0);
    expect(after?.input.slice(0, cut)).toEqual(before?.input.slice(0, cut));
  });

  test('a thread that is resumed continues from the very same conversation', async () => {
    await filled();
    await threeTurns();
    await live.say('four');
    const { threadId } = live.session;
    await live[Symbol.asyncDispose]();
    const origin = { type: 'resume', id: threadId } as const;
    await reopen({ options: { origin } });
    await live.say('five');
    const [before, after] = server.requests.slice(-2);
    if (before) after?.assertExtends(before);
    expect(after?.outputOf('c1')).toMatch(LEFT_OUT);
    expect(rollout().filter(({ payload }) => payload.type === 'outputs_elided')).toHaveLength(1);
  });

  test('a turn that a crash cut off leaves the same out again', async () => {
    await filled();
    await threeTurns();
    await live.say('four');
    const { threadId, rolloutPath } = live.session;
    await live[Symbol.asyncDispose]();
    const path = rolloutPath ?? '';
    const lines = readFileSync(path, 'utf8').split('\n');
    const elided = lines.findIndex((line) => line.includes('outputs_elided'));
    const input = lines.findIndex((line, at) => at > elided && line.includes('"input-0"') && line.includes('"end"'));
    writeFileSync(path, `${lines.slice(0, input + 1).join('\n')}\n`);
    const options = { origin: { type: 'resume', id: threadId }, unfinishedTurn: 'continue' } as const;
    await reopen({ options, overrides: ['model_auto_compact_token_limit=5000'] });
    await live.next('turn.completed');
    const [before, after] = server.requests.slice(-2);
    expect(after?.body['input']).toEqual(before?.body['input']);
  });

  test('over the limit all the same, it is compacted', async () => {
    await open(
      [
        ...[call('c1', 500), ok, call('c2', 2_400), ok, respond(message('ok'), used(5_100))],
        ...[respond(shell('true', 'c4'), used(5_200)), respond(message(SUMMARY), used(100)), ok],
      ],
      limit(5_000),
    );
    await threeTurns();
    await live.say('four');
    expect(server.requests[5]?.outputOf('c1')).toMatch(LEFT_OUT);
    expect(isQuestion(6)).toBe(true);
    expect(server.requests).toHaveLength(8);
  });

  test('outputs of the last two messages, small ones and pictures stay: without room enough it is compacted', async () => {
    await open(
      [
        respond(shell('echo small', 'c1'), used(100)),
        ok,
        call('c2', 2_400),
        respond(message('ok'), used(5_100)),
        respond(message(SUMMARY), used(100)),
        ok,
      ],
      limit(5_000),
    );
    await live.say('one');
    await live.say('two');
    await live.say('three');
    expect(isQuestion(4)).toBe(true);
    expect(server.requests[4]?.outputOf('c1')).toContain('small');
    expect(server.requests[4]?.outputOf('c2')).toContain('c2 line 1 ');
  });

  test('it can be switched off', async () => {
    await filled({ overrides: ['model_auto_compact_token_limit=5000', 'compact_elide_outputs=false'] });
    await threeTurns();
    await live.say('four');
    expect(isQuestion(6)).toBe(true);
    expect(server.requests[6]?.outputOf('c1')).toContain('c1 line 1 ');
  });
});
