import fs, { existsSync, readFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { threadItemsOf } from '../../../src/engine/turn/index.ts';
import type { Op, ResponseItem } from '../../../src/foundation/protocol/index.ts';
import {
  cut,
  failed,
  functionCall,
  hang,
  hold,
  httpError,
  imageGenerationCall,
  message,
  rateLimits,
  reasoning,
  respond,
  usage,
  webSearchCall,
} from '../../../src/testing/index.ts';
import { processesWith, until } from '../../support/keel.ts';
import { asksAbout, says, testSession } from '../../support/session.ts';
import { liveSession } from '../../support/sessions/live-session.ts';
import { gitRepository } from '../../support/temp-dir.ts';

const { home, live, open, reopen, repo, server } = liveSession();

const searchItem = (action: { type: string; url: string; pattern?: string }): ResponseItem => ({
  type: 'web_search_call',
  action,
});
const ok = respond(message('ok'), usage({ input: 10, output: 1 }));
const shell = (script: string, id: string, more: object = {}) =>
  functionCall('shell', { command: ['bash', '-c', script], timeout_ms: 60_000, ...more }, id);
const lastUserTexts = (index: number, count: number) => server.requests[index]?.textsOf('user').slice(-count);

describe('creation and settings', () => {
  test('M1, M2: the first event opens the thread; a relative cwd is refused', async () => {
    await open([]);
    await live.next('thread.started');
    expect(live.events[0]).toMatchObject({ type: 'thread.started', threadId: live.session.threadId, turns: [] });
    expect(live.session.rolloutPath).toContain(live.session.threadId);
    live.session.submit({ type: 'overrideTurnContext', settings: { cwd: 'somewhere' } });
    expect(await live.next('error')).toMatchObject({ error: { kind: 'invalidInput' } });
  });

  test.each([
    { sandboxPolicy: { mode: 'danger-full-access' as const } },
    { approvalPolicy: 'never' as const },
    { model: 'gpt-5.1' },
    { effort: 'low' },
  ])('what the administrator fixes stays as it is: %j', async (settings) => {
    home.write({
      'managed_config.toml':
        'model = "gpt-5"\nmodel_reasoning_effort = "high"\napproval_policy = "untrusted"\nsandbox_mode = "read-only"\n',
    });
    await open([ok]);
    live.session.submit({ type: 'overrideTurnContext', settings });
    expect(await live.next('error')).toMatchObject({
      error: { kind: 'invalidInput', message: expect.stringContaining('the administrator of this machine fixes it') },
    });
    await live.say('one');
    expect(server.requests[0]?.body).toMatchObject({ model: 'gpt-5', reasoning: { effort: 'high' } });
  });

  test('M3: the context is sent once, and each request extends the one before', async () => {
    repo.write({ 'AGENTS.md': 'Use tabs.\n' });
    await open([ok, ok]);
    await live.say('one');
    await live.say('two');
    expect(server.requests[0]?.textsOf('user').map((text) => text.slice(0, 12))).toEqual([
      '<user_instru',
      '<environment',
      'one',
    ]);
    expect(server.requests[1]?.textsOf('user')).toHaveLength(4);
    const [first, second] = server.requests;
    if (first) second?.assertExtends(first);
  });

  test('M4, M6, M7: a changed policy is sent before the next message, and only then', async () => {
    await open([ok, ok, ok]);
    await live.say('one');
    live.session.submit({
      type: 'overrideTurnContext',
      settings: { approvalPolicy: 'never', sandboxPolicy: { mode: 'read-only' } },
    });
    await live.say('two');
    await live.say('three');
    const [diff, two] = lastUserTexts(1, 2) ?? [];
    expect(diff).toMatch(/<approval_policy>never<.*<sandbox_mode>read-only<.*<rules>/s);
    expect(diff).not.toContain('<cwd>');
    expect(two).toBe('two');
    expect(lastUserTexts(2, 2)).toEqual(['two', 'three']);
    const keys = server.requests.map((request) => request.body['prompt_cache_key']);
    expect(new Set(keys).size).toBe(1);
    const [first, second, third] = server.requests;
    if (first) second?.assertExtends(first);
    if (second) third?.assertExtends(second);
  });

  test('M5, M11: what a turn changes of its surroundings is sent; what the context does not hold is not', async () => {
    using other = gitRepository();
    await open([ok, ok, ok], { overrides: ['sandbox_mode="workspace-write"'] });
    const workspace = { mode: 'workspace-write', network_access: false, exclude_tmpdir_env_var: false } as const;
    const turn = (sandboxPolicy: object): Op =>
      ({
        type: 'userTurn',
        items: [{ type: 'text', text: 'go' }],
        cwd: other.path,
        approvalPolicy: 'on-request',
        sandboxPolicy,
        model: 'gpt-5-codex',
        summary: 'auto',
      }) as Op;
    await live.say('one');
    await live.turn(turn({ ...workspace, exclude_slash_tmp: false, network_access: true, writable_roots: ['/srv'] }));
    await live.turn(turn({ ...workspace, exclude_slash_tmp: true, network_access: true, writable_roots: ['/srv'] }));
    const [diff] = lastUserTexts(1, 2) ?? [];
    expect(diff).toMatch(/<cwd>.*<sandbox_mode>.*<network_access>enabled<.*<root>\/srv</s);
    expect(diff).not.toContain('<shell>');
    expect(lastUserTexts(2, 2)).toEqual(['go', 'go']);
  });

  test('M80: a resumed thread opens with its turns as people saw them, and continues counting', async () => {
    await open([respond(shell('echo x', 'c1'), usage({ total: 5 })), ok, ok]);
    await live.say('one');
    await live[Symbol.asyncDispose]();
    const origin = { type: 'resume', id: live.session.threadId } as const;
    await reopen({ options: { origin } });
    const { turns } = await live.next('thread.started');
    expect(turns.map(({ status, items }) => ({ status, items: items.map((item) => item.type) }))).toEqual([
      { status: 'completed', items: ['userMessage', 'commandExecution', 'agentMessage'] },
    ]);
    await live.say('two');
    const told = live.events.findLast((event) => event.type === 'usage.updated');
    expect(told).toMatchObject({ info: { total_token_usage: { total_tokens: 5 + 11 + 11 } } });
  });

  test('R9, M8, M9: a turn’s settings last, its schema does not, and an absent effort is cleared', async () => {
    await open([ok, ok, ok], { overrides: ['model_reasoning_effort="high"'] });
    const schema = { type: 'object', properties: {}, required: [], additionalProperties: false };
    const turn: Op = {
      type: 'userTurn',
      items: [{ type: 'text', text: 'two' }],
      cwd: repo.path,
      approvalPolicy: 'never',
      sandboxPolicy: { mode: 'danger-full-access' },
      model: 'gpt-5',
      summary: 'auto',
      outputSchema: schema,
    };
    await live.say('one');
    await live.turn(turn);
    await live.say('three');
    expect(server.requests.map((request) => request.body['model'])).toEqual(['gpt-5-codex', 'gpt-5', 'gpt-5']);
    expect(server.requests.map((request) => request.body['text'] !== undefined)).toEqual([false, true, false]);
    expect(server.requests.map((request) => request.body['reasoning'])).toEqual([
      { effort: 'high', summary: 'auto' },
      { summary: 'auto' },
      { summary: 'auto' },
    ]);
  });

  test('M10, M12: settings changed while a turn runs are the next turn’s, and no file is written', async () => {
    const gate = Promise.withResolvers<void>();
    await open([respond(shell('true', 'c1'), hold(gate.promise)), ok, ok]);
    const turn = live.say('one');
    await server.request(0);
    live.session.submit({ type: 'overrideTurnContext', settings: { model: 'gpt-5' } });
    gate.resolve();
    await turn;
    await live.say('two');
    expect(server.requests.map((request) => request.body['model'])).toEqual(['gpt-5-codex', 'gpt-5-codex', 'gpt-5']);
    expect(existsSync(join(home.path, 'config.toml'))).toBe(false);
  });

  test('M13: what is no op is refused, and the next op works', async () => {
    await open([ok]);
    expect(() => live.session.submit(JSON.parse('{"type":"dance"}'))).toThrow(/not an operation/);
    expect(await live.say('hi')).toMatchObject({ status: 'completed' });
  });

  test('M31: empty input does not block the session', async () => {
    await open([ok, ok]);
    expect(await live.turn({ type: 'userInput', items: [] })).toMatchObject({
      status: 'completed',
      lastAgentMessage: null,
    });
    expect(server.requests).toHaveLength(0);
    expect(await live.say('hi')).toMatchObject({ status: 'completed' });
  });
});

describe('turns and interruption', () => {
  test('R13, M14: a turn ends exactly once, and nothing of it follows', async () => {
    await open([ok]);
    const { turnId } = await live.say('hi');
    await live.session.close();
    const ended = live.events.findIndex((event) => event.type === 'turn.completed');
    expect(live.events.slice(ended + 1).filter((event) => 'turnId' in event && event.turnId === turnId)).toEqual([]);
  });

  test('M14: a turn that can’t begin fails once, and the next one works', async () => {
    await open([ok]);
    const impossible = { ...says('go'), outputSchema: { type: 'nonsense' } };
    expect(await live.turn(impossible)).toMatchObject({ status: 'failed', error: { kind: 'invalidInput' } });
    expect(await live.say('next')).toMatchObject({ status: 'completed' });
    expect(live.events.filter((event) => event.type === 'turn.started')).toHaveLength(2);
    expect(lastUserTexts(0, 1)).toEqual(['next']);
  });

  test('M15: an interrupt with nothing running reports nothing', async () => {
    await open([ok]);
    live.session.submit({ type: 'interrupt' });
    await live.say('hi');
    expect(live.events.filter((event) => event.type === 'turn.completed')).toHaveLength(1);
  });

  test('R8, M17, M20, M22, protocol 4: an interrupt ends the processes, and every call has its output right behind it', async () => {
    await open([respond(shell('sleep 60', 'c1'), shell('echo never', 'c2')), ok]);
    const turn = live.say('go');
    await live.next('item.started', ({ item }) => item.type === 'commandExecution');
    await until(() => processesWith(live.session.threadId).length > 0);
    const before = Date.now();
    live.session.submit({ type: 'interrupt' });
    expect(await turn).toMatchObject({ status: 'interrupted', abortReason: 'interrupted' });
    expect(Date.now() - before).toBeLessThan(20_000);
    await until(() => processesWith(live.session.threadId).length === 0);
    await live.say('next');
    const items = server.requests[1]?.input ?? [];
    const tail = items.slice(-6).map((item) => item['call_id'] ?? item['role']);
    expect(tail).toEqual(['c1', 'c1', 'c2', 'c2', 'user', 'user']);
    expect(server.requests[1]?.outputOf('c1')).toContain('aborted');
    expect(server.requests[1]?.outputOf('c2')).toBe('not run: the turn was stopped before this call began');
  });

  test('what an interrupt cuts off is completed as interrupted, also in the record', async () => {
    await open([
      respond(reasoning(['I think']), message('all of it', { id: 'm1', deltas: ['half ', 'a mes'] }), hang()),
      ok,
    ]);
    const turn = live.say('go');
    await live.next('item.delta', ({ delta }) => delta === 'a mes');
    live.session.submit({ type: 'interrupt' });
    await turn;
    const started = live.events.flatMap((event) => (event.type === 'item.started' ? [event.item.id] : []));
    const completed = live.events.flatMap((event) => (event.type === 'item.completed' ? [event.item.id] : []));
    expect(completed.toSorted()).toEqual(started.toSorted());
  });

  test('messages and a compaction that wait for a turn that is stopped are reported as dropped', async () => {
    await open([respond(hang()), ok]);
    const turn = live.say('go');
    await until(() => server.requests.length === 1);
    const replaced = live.session.submit({ type: 'compact' });
    const compact = live.session.submit({ type: 'compact' });
    const steered = live.session.submit(says('use the other file'));
    live.session.submit({ type: 'interrupt' });
    await turn;
    const dropped = live.events.flatMap((event) => (event.type === 'submissions.dropped' ? event.ids : []));
    expect(dropped).toEqual([replaced, steered, compact]);
    await live.say('next');
    expect(server.requests).toHaveLength(2);
  });

  test('a web search is shown when it starts, and opening a page is an action of its own', async () => {
    await open([respond(webSearchCall('keel', 'ws_1'), message('done'))]);
    await live.say('go');
    // It is not known yet what for.
    expect(await live.next('item.started', ({ item }) => item.type === 'webSearch')).toMatchObject({
      item: { id: 'ws_1', query: '', action: null },
    });
    expect(
      live.events.find((event) => event.type === 'item.completed' && event.item.type === 'webSearch'),
    ).toMatchObject({ item: { query: 'keel', action: { type: 'search', query: 'keel' } } });
    expect(threadItemsOf(searchItem({ type: 'open_page', url: 'https://a.b/c' }), 'x')).toMatchObject([
      { query: 'https://a.b/c', action: { type: 'openPage', url: 'https://a.b/c' } },
    ]);
    expect(threadItemsOf(searchItem({ type: 'find_in_page', url: 'https://a.b/c', pattern: 'p' }), 'x')).toMatchObject([
      { query: 'p in https://a.b/c', action: { type: 'findInPage', url: 'https://a.b/c', pattern: 'p' } },
    ]);
  });

  test('a picture that the model makes is shown when it starts, and whole when it is done', async () => {
    await open([respond(imageGenerationCall('/9j/AAAA', 'a red boat'), message('done'))]);
    await live.say('go');
    expect(await live.next('item.started', ({ item }) => item.type === 'imageGeneration')).toMatchObject({
      item: { prompt: '', url: null },
    });
    expect(
      live.events.find((event) => event.type === 'item.completed' && event.item.type === 'imageGeneration'),
    ).toMatchObject({ item: { prompt: 'a red boat', url: 'data:image/jpeg;base64,/9j/AAAA' } });
  });

  test('M23: what was finished before an interrupt stays, what was half said does not', async () => {
    await open([respond(message('finished', { id: 'm1' }), message('half', { id: 'm2', deltas: ['ha'] }), hang()), ok]);
    // The second message is finished in the script too; a hang before any completion keeps the response open.
    const turn = live.say('go');
    await live.next('item.completed', ({ item }) => item.type === 'agentMessage');
    live.session.submit({ type: 'interrupt' });
    expect((await turn).status).toBe('interrupted');
    await live.say('next');
    expect(server.requests[1]?.textsOf('assistant')).toContain('finished');
  });

  test('R1, M24: an interrupt while an approval is pending aborts the call; a late answer is only logged', async () => {
    await open([respond(shell('touch x', 'c1')), ok], { overrides: ['approval_policy="untrusted"'] });
    const turn = live.say('go');
    await live.next('approval.requested');
    live.session.submit({ type: 'interrupt' });
    await turn;
    live.answer('c1', { type: 'approved' });
    live.session.submit({ type: 'overrideTurnContext', settings: { approvalPolicy: 'never' } });
    await live.say('next');
    expect(server.requests[1]?.outputOf('c1')).toContain('aborted');
    expect(live.events.filter((event) => event.type === 'error')).toEqual([]);
    expect(readFileSync(join(home.path, 'log/keel.log'), 'utf8')).toContain('c1');
  });

  test('M25: a denial goes back to the model with the user’s words; abort ends the turn', async () => {
    await open([respond(shell('touch x', 'c1')), ok, respond(shell('touch y', 'c2'))], {
      overrides: ['approval_policy="untrusted"'],
    });
    const first = live.say('go');
    await live.next('approval.requested');
    live.answer('c1', { type: 'denied', message: 'not today' });
    expect(await first).toMatchObject({ status: 'completed' });
    expect(server.requests[1]?.outputOf('c1')).toBe("exec command rejected by user\nThe user's reason: not today");
    const second = live.say('again');
    await live.next('approval.requested', asksAbout('c2'));
    live.answer('c2', { type: 'abort' });
    expect(await second).toMatchObject({ status: 'interrupted' });
  });

  test('what the user asked stays said, also where the turn is stopped before its first request', async () => {
    await open([ok, ok]);
    await live.say('one');
    const stopped = live.turn(says('two'));
    live.session.submit({ type: 'interrupt' });
    expect(await stopped).toMatchObject({ status: 'interrupted' });
    await live.say('three');
    const said = server.requests[1]?.textsOf('user').filter((text) => !text.startsWith('<'));
    expect(said).toEqual(['one', 'two', 'three']);
    const shown = live.events.flatMap((event) =>
      event.type === 'item.completed' && event.item.type === 'userMessage' ? [event.item.content] : [],
    );
    expect(shown.map(([part]) => part)).toMatchObject([{ text: 'one' }, { text: 'two' }, { text: 'three' }]);
    const { threadId } = live.session;
    await live[Symbol.asyncDispose]();
    const origin = { type: 'resume', id: threadId } as const;
    await reopen({ options: { origin } });
    const { turns } = await live.next('thread.started');
    expect(turns.map(({ status, items }) => [status, items[0]?.type])).toEqual([
      ['completed', 'userMessage'],
      ['interrupted', 'userMessage'],
      ['completed', 'userMessage'],
    ]);
  });

  test('M26: an interrupt during a retry’s wait sends nothing more', async () => {
    await open([httpError(503, {}, { 'retry-after': '30' })]);
    const turn = live.say('go');
    await live.next('error', ({ willRetry }) => willRetry);
    live.session.submit({ type: 'interrupt' });
    expect(await turn).toMatchObject({ status: 'interrupted' });
    expect(server.requests).toHaveLength(1);
  });

  test('M27: a shutdown ends the turn, then the thread, with all on the disk', async () => {
    await open([respond(message('kept'), shell('sleep 60', 'c1'))]);
    const turn = live.say('go');
    await live.next('item.started', ({ item }) => item.type === 'commandExecution');
    live.session.submit({ type: 'shutdown' });
    expect(await turn).toMatchObject({ status: 'interrupted', abortReason: 'shutdown' });
    await live.next('thread.closed');
    expect(live.events.at(-1)?.type).toBe('thread.closed');
    const recorded = readFileSync(live.session.rolloutPath ?? '', 'utf8');
    for (const text of ['kept', 'aborted', 'turn_aborted']) expect(recorded).toContain(text);
    expect(() => live.session.submit(says('late'))).toThrow(/ended/);
  });

  test('a reader that asks for several events at once gets them in order', async () => {
    await open([ok]);
    const events = live.session.events();
    await events.next();
    const asked = [events.next(), events.next(), events.next()];
    await live.say('go');
    const types = (await Promise.all(asked)).map(({ value }) => value?.type);
    expect(types).toEqual(live.events.slice(1, 4).map(({ type }) => type));
  });

  test('a session that can’t be closed whole ends its events and gives the thread up all the same', async () => {
    const broken = {
      send: () => Promise.reject(new Error('not connected')),
      close() {
        throw new Error('the line is stuck');
      },
    };
    await open([], { options: { openTransport: () => broken } });
    const { threadId } = live.session;
    live.session.submit({ type: 'shutdown' });
    await live.next('thread.closed');
    expect(live.events.some((event) => event.type === 'error')).toBe(true);
    await expect(live.session.close()).rejects.toThrow('stuck');
    const origin = { type: 'resume', id: threadId } as const;
    await reopen({ options: { origin } });
  });

  test('a turn whose end can’t be written down ends, with a warning', async () => {
    await open([ok]);
    const write = fs.writeSync;
    const full = (...args: readonly unknown[]): unknown => {
      if (String(args[1]).includes('"task_complete"')) throw new Error('ENOSPC: no space left on device, write');
      return Reflect.apply(write, fs, args);
    };
    Object.assign(fs, { writeSync: full });
    syncBuiltinESMExports();
    try {
      expect(await live.say('go')).toMatchObject({ status: 'completed' });
    } finally {
      Object.assign(fs, { writeSync: write });
      syncBuiltinESMExports();
    }
    const message = expect.stringMatching(/^The end of this turn is not recorded: .*ENOSPC.* Free some space/);
    expect(live.events).toContainEqual({ type: 'warning', turnId: '0', message });
  });

  test('a session that can’t be opened leaves the thread free', async () => {
    await open([ok]);
    await live.say('go');
    const { threadId } = live.session;
    await live[Symbol.asyncDispose]();
    const place = { url: server.url, home: home.path, cwd: repo.path };
    const origin = { type: 'resume', id: threadId } as const;
    const openTransport = () => {
      throw new Error('no network here');
    };
    await expect(testSession({ ...place, options: { origin, openTransport } })).rejects.toThrow('no network here');
    await reopen({ options: { origin } });
  });

  test('M28: what the user says during a call follows its output', async () => {
    await open([respond(shell('sleep 0.3', 'c1')), ok]);
    const turn = live.say('go');
    await live.next('item.started', ({ item }) => item.type === 'commandExecution');
    live.session.submit(says('and this'));
    await turn;
    const items = server.requests[1]?.input.slice(-3) ?? [];
    expect(items.map((item) => item['type'])).toEqual(['function_call', 'function_call_output', 'message']);
    expect(lastUserTexts(1, 1)).toEqual(['and this']);
  });

  test('M29: what the user says during the final answer is never lost', async () => {
    const gate = Promise.withResolvers<void>();
    await open([respond(message('final'), hold(gate.promise)), ok]);
    const turn = live.say('go');
    await live.next('item.completed', ({ item }) => item.type === 'agentMessage');
    live.session.submit(says('wait, also this'));
    gate.resolve();
    await turn;
    expect(lastUserTexts(1, 1)).toEqual(['wait, also this']);
  });
});

describe('the stream, its errors and its tools', () => {
  test('M32, M33: a stream that is cut is tried again; when tries are used up the turn fails and the next works', async () => {
    await open([respond(cut()), ok, respond(cut()), respond(cut()), ok], {
      overrides: ['model_provider="t"', `model_providers.t={name="t",base_url="placeholder",stream_max_retries=1}`],
    }).catch(() => undefined);
    await live?.[Symbol.asyncDispose]();
    await reopen({
      overrides: ['model_provider="t"', `model_providers.t={name="t",base_url="${server.url}",stream_max_retries=1}`],
    });
    expect(await live.say('one')).toMatchObject({ status: 'completed' });
    expect(server.requests[1]?.text).toBe(server.requests[0]?.text);
    expect(await live.next('error')).toMatchObject({
      willRetry: true,
      error: { message: expect.stringMatching(/^Reconnecting... 1\/1/) },
    });
    expect(await live.say('two')).toMatchObject({ status: 'failed', error: { kind: 'responseStreamDisconnected' } });
    expect(await live.say('three')).toMatchObject({ status: 'completed' });
  });

  test('R6, M34: a full window is reported with the usage full, and not retried', async () => {
    await open([respond(failed({ code: 'context_length_exceeded', message: 'x' })), ok, ok]);
    expect(await live.say('one')).toMatchObject({ status: 'failed', error: { kind: 'contextWindowExceeded' } });
    const told = live.events.findIndex((event) => event.type === 'usage.updated');
    const error = live.events.findIndex((event) => event.type === 'error');
    expect(told).toBeLessThan(error);
    expect(live.events[told]).toMatchObject({
      info: { model_context_window: 258_400, total_token_usage: { total_tokens: 258_400 } },
    });
    expect(server.requests).toHaveLength(1);
    expect(await live.say('two')).toMatchObject({ status: 'completed' });
  });

  test('M35: a used-up plan is one request, with the limits reported before the error', async () => {
    await open([
      httpError(
        429,
        { error: { type: 'usage_limit_reached', resets_at: 2_000_000_000 } },
        { 'x-codex-primary-used-percent': '100', 'x-codex-primary-window-minutes': '300' },
      ),
    ]);
    expect(await live.say('one')).toMatchObject({ status: 'failed', error: { kind: 'usageLimitExceeded' } });
    expect(await live.next('usage.updated')).toMatchObject({ rateLimits: { primary: { used_percent: 100 } } });
    expect(server.requests).toHaveLength(1);
  });

  test('M37: limits come before the first usage, which then has both', async () => {
    await open([
      respond(rateLimits({ primary: { percent: 12.5, windowMinutes: 10 } }), message('x'), usage({ total: 123 })),
    ]);
    await live.say('one');
    const told = live.events.filter((event) => event.type === 'usage.updated');
    expect(told[0]).toMatchObject({ info: null, rateLimits: { primary: { used_percent: 12.5 } } });
    expect(told.at(-1)).toMatchObject({
      info: { total_token_usage: { total_tokens: 123 } },
      rateLimits: { primary: { used_percent: 12.5 } },
    });
  });

  test('M40: two commands run one after the other, two reads side by side', async () => {
    const read = (id: string) => functionCall('read_file', { file_path: join(repo.path, 'README.md') }, id);
    await open(
      [
        respond(shell('sleep 0.3; date +%s%N > a', 'c1'), shell('cat a; date +%s%N', 'c2')),
        respond(read('r1'), read('r2')),
        ok,
      ],
      { overrides: ['tools.set="reader"'] },
    );
    await live.say('go');
    expect(server.requests[1]?.outputOf('c2')).toMatch(/Output:\n\d+\n\d+\n/);
    expect(server.requests[2]?.outputOf('r1')).toBe('L1: test');
    expect(server.requests[2]?.outputOf('r2')).toBe('L1: test');
  });

  test('M42: an unknown tool is answered to the model', async () => {
    await open([respond(functionCall('frobnicate', {}, 'c1')), ok]);
    await live.say('go');
    expect(server.requests[1]?.outputOf('c1')).toBe('unsupported call: frobnicate');
  });

  test('M43, model 25: a command that ran before the stream broke is in the retry with its output, and ran once', async () => {
    await open([respond(shell('echo ran >> log', 'c1'), cut()), ok]);
    expect(await live.say('go')).toMatchObject({ status: 'completed' });
    expect(server.requests[1]?.outputOf('c1')).toContain('Exit code: 0');
    expect(readFileSync(join(repo.path, 'log'), 'utf8')).toBe('ran\n');
  });

  test('M44: the turn’s diff is cumulative, and absent where nothing changed', async () => {
    const patch = (name: string) =>
      functionCall('apply_patch', { input: `*** Begin Patch\n*** Add File: ${name}\n+x\n*** End Patch` });
    await open([respond(patch('a.txt')), respond(patch('b.txt')), respond(shell('true', 'c')), ok]);
    await live.say('go');
    const diffs = live.events.flatMap((event) => (event.type === 'turn.diff' ? [event.diff] : []));
    expect(diffs).toHaveLength(2);
    expect(diffs[0]).not.toContain('b.txt');
    expect(diffs[1]).toMatch(/a\/a\.txt.*a\/b\.txt/s);
  });

  test('R12, R14, M45, M52: items begin and end with one id; reasoning is sent again within its turn only', async () => {
    await open([respond(reasoning(['thought'], { encrypted: 'abc' }), shell('true', 'c1')), ok, ok]);
    await live.say('one');
    await live.say('two');
    const started = live.events.flatMap((event) => (event.type === 'item.started' ? [event.item.id] : []));
    const completed = live.events.flatMap((event) => (event.type === 'item.completed' ? [event.item.id] : []));
    expect(completed.toSorted()).toEqual(started.toSorted());
    const reasoningIn = (index: number) =>
      server.requests[index]?.input.filter((item) => item['type'] === 'reasoning').length;
    expect([reasoningIn(1), reasoningIn(2)]).toEqual([1, 0]);
  });

  test('R7, M46: every request names its task', async () => {
    await open([ok]);
    await live.say('go');
    expect(server.requests[0]?.headers['codex-task-type']).toBe('regular');
  });

  test('model 26: an interrupt while the model is silent closes the connection', async () => {
    await open([respond(hang())]);
    const turn = live.say('go');
    await server.request(0);
    const startedAt = performance.now();
    live.session.submit({ type: 'interrupt' });
    expect(await turn).toMatchObject({ status: 'interrupted' });
    await until(() => server.abandoned === 1);
    expect(performance.now() - startedAt).toBeLessThan(20_000);
  });
});

test('several readers each see all events; one that never reads holds nobody up', async () => {
  await open([ok]);
  const idle = live.session.events();
  const seen: string[] = [];
  const second = (async () => {
    for await (const event of live.session.events()) seen.push(event.type);
  })();
  await live.say('hi');
  await live.session.close();
  await second;
  expect(seen).toEqual(live.events.map((event) => event.type));
  expect((await idle.next()).value).toMatchObject({ type: 'thread.started' });
});
