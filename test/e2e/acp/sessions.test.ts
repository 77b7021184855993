import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AnyMessage, ListSessionsResponse } from '@agentclientprotocol/sdk';
import { describe, expect, test } from 'vitest';
import { functionCall, hold, message, reasoning, respond } from '../../../src/testing/index.ts';
import { rolloutsIn, runKeel } from '../../support/keel.ts';
import { type TempDir, tempDir } from '../../support/temp-dir.ts';
import { AcpPlace, ask } from './place.ts';

const place = AcpPlace.ofFile('sandbox_mode = "danger-full-access"\napproval_policy = "never"\n');
const says = (text: string) => respond(message(text));
const list = respond(reasoning(['Look.']), functionCall('shell', { command: ['echo', 'listed'] }, 'c1'));

/** The kinds of messages that the agent wrote, in order: updates by their kind, answers as `answer`. */
function orderOf(wire: readonly AnyMessage[]): string[] {
  return wire.flatMap((one) => {
    if ('method' in one) return one.method === 'session/update' ? [updateKind(one.params)] : [];
    return 'result' in one ? ['answer'] : [];
  });
}

function updateKind(params: unknown): string {
  return (params as { update: { sessionUpdate: string } }).update.sessionUpdate;
}

const again = (sessionId: string) => ({ sessionId, cwd: place.repo.path, mcpServers: [] });

describe('keel acp: sessions', () => {
  test('the answer that names a session comes before any update of it', async () => {
    await using editor = await place.connect([says('hi')]);
    const { modes, configOptions } = await editor.agent.request('session/new', {
      cwd: place.repo.path,
      mcpServers: [],
    });
    await expect.poll(() => orderOf(editor.wire())).toEqual(['answer', 'available_commands_update']);
    // Both forms of the same choice agree, and no list is empty.
    const mode = configOptions?.find(({ category }) => category === 'mode');
    expect(mode).toMatchObject({ id: 'mode', currentValue: modes?.currentModeId });
    const categories = configOptions?.map(({ category }) => category);
    expect(categories).toEqual(['mode', 'model', 'thought_level']);
    for (const option of configOptions ?? []) {
      expect(option.type).toBe('select');
      const values = option.type === 'select' ? option.options.map((one) => ('value' in one ? one.value : '')) : [];
      expect(values).toContain(option.currentValue);
    }
    expect(modes?.availableModes.map(({ id }) => id)).toContain(modes?.currentModeId);
  });

  test('load sends all of the history before its answer, and resume none of it', async () => {
    await using first = await place.connect([list, says('Listed.')], { isOwn: true });
    const sessionId = await place.open(first);
    await ask(first, sessionId, 'list it');
    await first[Symbol.asyncDispose]();

    await using second = await place.connect(null, { isOwn: true });
    const { agent } = second;
    const params = again(sessionId);
    const loaded = await agent.request('session/load', params);
    expect(loaded).toMatchObject({ modes: { availableModes: expect.any(Array) }, configOptions: expect.any(Array) });
    const history = ['user_message_chunk', 'agent_thought_chunk', 'tool_call', 'agent_message_chunk'];
    await expect.poll(() => orderOf(second.wire()).length).toBe(7);
    expect(orderOf(second.wire())).toEqual(['answer', ...history, 'answer', 'available_commands_update']);
    expect(second.updates).toContainEqual(
      expect.objectContaining({ sessionUpdate: 'tool_call', toolCallId: 'c1', status: 'completed' }),
    );

    const before = second.wire().length;
    const resumed = await agent.request('session/resume', params);
    expect(resumed).toMatchObject({ modes: { availableModes: expect.any(Array) }, configOptions: expect.any(Array) });
    await expect.poll(() => second.wire().length).toBe(before + 2);
    expect(orderOf(second.wire()).slice(-2)).toEqual(['answer', 'available_commands_update']);
  }, 60_000);

  test('a session that is loaded while it works continues, and shows what it has done so far', async () => {
    const gate = Promise.withResolvers<void>();
    await using editor = await place.connect([
      list,
      respond(message('Waited.', { deltas: [hold(gate.promise), 'Waited.'] })),
    ]);
    const sessionId = await place.open(editor);
    const prompt = ask(editor, sessionId, 'list it');
    await expect.poll(() => place.server.requests.length).toBe(2);
    await editor.agent.request('session/load', again(sessionId));
    const start = editor.updates.findIndex(({ sessionUpdate }) => sessionUpdate === 'user_message_chunk');
    const shown = editor.updates.slice(start, start + 3);
    expect(shown.map(({ sessionUpdate }) => sessionUpdate)).toEqual([
      ...['user_message_chunk', 'agent_thought_chunk', 'tool_call'],
    ]);
    expect(shown.at(-1)).toMatchObject({ toolCallId: 'c1', status: 'completed' });
    gate.resolve();
    expect(await prompt).toEqual({ stopReason: 'end_turn' });
  });

  test('sessions are listed with their title, place and time, and keel shows where they come from', async () => {
    await using editor = await place.connect([says('hi')]);
    const { agent } = editor;
    const sessionId = await place.open(editor);
    await ask(editor, sessionId, 'fix the\nparser');
    const updatedAt = expect.stringMatching(/^\d{4}-\d\d-\d\dT/);
    const listed = { sessionId, cwd: place.repo.path, title: 'fix the parser', updatedAt };
    expect(await agent.request('session/list', { cwd: place.repo.path })).toEqual({ sessions: [listed] });
    expect(await agent.request('session/list', { cwd: place.home.path })).toEqual({ sessions: [] });
    expect(editor.updates).toContainEqual(
      expect.objectContaining({ sessionUpdate: 'session_info_update', title: 'fix the parser' }),
    );
    await expect(agent.request('session/list', { cursor: 'nonsense' })).rejects.toMatchObject({ code: -32602 });
    const shown = await runKeel(['threads', 'list', '--json'], {
      home: place.home.path,
      cwd: place.repo.path,
      url: place.server.url,
    });
    expect(shown.stdout).toContain('"acp"');
    await agent.request('session/delete', { sessionId });
    expect(await agent.request('session/list', { cwd: place.repo.path })).toEqual({ sessions: [] });
    await agent.request('session/delete', { sessionId });
  });

  test('a list that is too long for one answer continues at its cursor', async () => {
    await using editor = await place.connect([says('hi')]);
    const { agent } = editor;
    const sessionId = await place.open(editor);
    await ask(editor, sessionId, 'hello');
    const recorded = rolloutsIn(place.home.path).find((path) => path.includes(sessionId)) ?? '';
    const text = readFileSync(recorded, 'utf8');
    const ids = Array.from({ length: 60 }, (_, at) => `${sessionId.slice(0, -2)}${String(at).padStart(2, '0')}`);
    for (const id of ids.filter((one) => one !== sessionId)) {
      writeFileSync(recorded.replaceAll(sessionId, id), text.replaceAll(sessionId, id));
    }
    const pages: string[][] = [];
    let cursor: string | null = null;
    do {
      const params = { cwd: place.repo.path, ...(cursor === null ? {} : { cursor }) };
      const page: ListSessionsResponse = await agent.request('session/list', params);
      pages.push(page.sessions.map((session) => session.sessionId));
      cursor = page.nextCursor ?? null;
    } while (cursor !== null && pages.length < 10);
    expect(pages.length).toBeGreaterThan(1);
    expect(pages.flat().sort()).toEqual([...new Set([...ids, sessionId])].sort());
  });

  test('further directories are writable in a new session and in a loaded one, each as the client gives them', async () => {
    using first = tempDir();
    using second = tempDir();
    const touch = (dir: string, id: string) =>
      respond(functionCall('shell', { command: ['touch', join(dir, 'made')] }, id));
    const script = [
      touch(first.path, 'c1'),
      touch(second.path, 'c2'),
      says('done'),
      touch(second.path, 'c3'),
      says('done'),
    ];
    const config =
      'sandbox_mode = "workspace-write"\napproval_policy = "never"\n[sandbox_workspace_write]\nexclude_slash_tmp = true\nexclude_tmpdir_env_var = true\n';
    await using editor = await place.connect(script, { config });
    const { agent } = editor;
    const made = (dir: TempDir) => existsSync(join(dir.path, 'made'));
    const sessionId = await place.open(editor, { additionalDirectories: [first.path] });
    await ask(editor, sessionId, 'go');
    expect([made(first), made(second)]).toEqual([true, false]);
    await agent.request('session/load', { ...again(sessionId), additionalDirectories: [second.path] });
    const { sessions } = await agent.request('session/list', { cwd: place.repo.path });
    expect(sessions).toMatchObject([{ sessionId, additionalDirectories: [second.path] }]);
    await ask(editor, sessionId, 'go');
    expect(made(second)).toBe(true);
    const relative = agent.request('session/new', { ...again(''), additionalDirectories: ['elsewhere'] });
    await expect(relative).rejects.toMatchObject({ code: -32602 });
  });

  test('a choice is shown in both its forms, behind the answer, and counts for the next turn', async () => {
    await using editor = await place.connect([says('hi')]);
    const { agent } = editor;
    const sessionId = await place.open(editor);
    await agent.request('session/set_mode', { sessionId, modeId: 'read-only' });
    await expect.poll(() => orderOf(editor.wire()).at(-1)).toBe('config_option_update');
    expect(orderOf(editor.wire()).slice(-3)).toEqual(['answer', 'current_mode_update', 'config_option_update']);
    expect(editor.updates.at(-2)).toMatchObject({ currentModeId: 'read-only' });
    const { configOptions } = await agent.request('session/set_config_option', {
      sessionId,
      configId: 'thought_level',
      value: 'high',
    });
    expect(configOptions.map(({ currentValue }) => currentValue)).toEqual(['read-only', 'gpt-5-codex', 'high']);
    await ask(editor, sessionId, 'go');
    expect(place.server.requests[0]?.body).toMatchObject({ reasoning: { effort: 'high' } });
    expect(JSON.stringify(place.server.requests[0]?.input)).toContain('read-only');
    const wrong = agent.request('session/set_config_option', { sessionId, configId: 'mode', value: 'whatever' });
    await expect(wrong).rejects.toMatchObject({ code: -32602 });
    await expect(agent.request('session/set_mode', { sessionId, modeId: 'nope' })).rejects.toMatchObject({
      code: -32602,
    });
  });

  test('what can not be opened is an error that says why, and a closed session is gone', async () => {
    await using editor = await place.connect([says('hi')]);
    const { agent } = editor;
    const unknown = '01a20cee-41e3-7d69-b809-3f6bd217b403';
    const open = (cwd: string) => agent.request('session/new', { cwd, mcpServers: [] });
    await expect(open('relative')).rejects.toMatchObject({ code: -32602 });
    await expect(open('/no/such/place')).rejects.toMatchObject({ code: -32602 });
    const load = { sessionId: unknown, cwd: place.repo.path, mcpServers: [] };
    await expect(agent.request('session/load', load)).rejects.toMatchObject({ code: -32002 });
    const sessionId = await place.open(editor);
    await agent.request('session/close', { sessionId });
    await expect(ask(editor, sessionId, 'hi')).rejects.toMatchObject({ code: -32002 });
  });

  test('without a key a client is asked to authenticate', async () => {
    const capabilities = { auth: { terminal: true } };
    await using editor = await place.connect([says('hi')], { env: { OPENAI_API_KEY: '' }, capabilities });
    const methods = editor.greeting.authMethods?.map(({ id }) => id);
    expect(methods).toEqual(['login', 'api-key']);
    await expect(place.open(editor)).rejects.toMatchObject({ code: -32000, message: /OPENAI_API_KEY/ });
    const authenticate = editor.agent.request('authenticate', { methodId: 'api-key' });
    await expect(authenticate).rejects.toMatchObject({ code: -32000 });
    place.home.write({ 'auth.json': '{"OPENAI_API_KEY":"sk-stored-1234567890"}' });
    await editor.agent.request('authenticate', { methodId: 'api-key' });
    expect(await place.open(editor)).toMatch(/./);
    await editor.agent.request('logout', {});
    await expect(place.open(editor)).rejects.toMatchObject({ code: -32000 });
  });
});
