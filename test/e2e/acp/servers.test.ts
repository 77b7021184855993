import type { McpServer } from '@agentclientprotocol/sdk';
import { describe, expect, test } from 'vitest';
import { functionCall, message, respond } from '../../../src/testing/index.ts';
import { serverFile } from '../../support/mcp/settings.ts';
import { AcpPlace, ask } from './place.ts';

const place = AcpPlace.ofFile('sandbox_mode = "danger-full-access"\napproval_policy = "never"\n');
const done = respond(message('It is done.'));
const server = (name: string, args: readonly string[] = []): McpServer => ({
  name,
  command: '/usr/bin/env',
  args: [process.execPath, serverFile, ...args],
  env: [{ name: 'API_TOKEN', value: 'sk-of-the-editor-0123456789' }],
});

/** The tools that the newest request offered, of a server. */
function offered(name: string): number {
  const tools = JSON.stringify(place.server.requests.at(-1)?.body['tools']);
  return tools.split(`mcp__${name}__`).length - 1;
}

describe('keel acp: MCP servers of the client', () => {
  test('they are used in a new session, a loaded one and a resumed one', async () => {
    const call = respond(functionCall('mcp__theirs__echo', { text: 'hi' }, 'c1'));
    await using editor = await place.connect([call, done, done, done]);
    const { agent } = editor;
    const { path: cwd } = place.repo;
    const sessionId = await place.open(editor, { mcpServers: [server('theirs')] });
    await ask(editor, sessionId, 'go');
    expect(offered('theirs')).toBeGreaterThan(0);
    const calls = editor.updates.filter((update) => 'toolCallId' in update);
    expect(calls[0]).toMatchObject({ kind: 'other', name: 'echo', title: 'theirs: echo', rawInput: { text: 'hi' } });
    expect(calls.at(-1)).toMatchObject({ status: 'completed', content: [{ type: 'content' }] });
    await agent.request('session/load', { sessionId, cwd, mcpServers: [server('other')] });
    await ask(editor, sessionId, 'go');
    expect([offered('theirs'), offered('other') > 0]).toEqual([0, true]);
    await agent.request('session/resume', { sessionId, cwd, mcpServers: [server('third')] });
    await ask(editor, sessionId, 'go');
    expect([offered('other'), offered('third') > 0]).toEqual([0, true]);
    for (const request of place.server.requests) expect(JSON.stringify(request.body)).not.toContain('sk-of-the-editor');
  }, 60_000);

  test('one that fails is named, one that can not be used too, and the session works without', async () => {
    await using editor = await place.connect([done]);
    const broken: McpServer = { name: 'broken', command: '/no/such/program', args: [], env: [] };
    const stream: McpServer = { type: 'sse', name: 'streamed', url: 'http://127.0.0.1:1/sse', headers: [] };
    const sessionId = await place.open(editor, { mcpServers: [broken, stream] });
    expect(await ask(editor, sessionId, 'go')).toEqual({ stopReason: 'end_turn' });
    const said = JSON.stringify(editor.updates.filter((update) => update.sessionUpdate === 'agent_message_chunk'));
    expect(said).toMatch(/streamed is not used: its transport is sse/);
    expect(said).toContain('broken');
  });

  test.each(['unanswered', 'later'])(
    'a page that a server reports as done (%s) is reported to the client',
    async (completes) => {
      const args = { url: 'https://pay.example.com/order', completes };
      const call = respond(functionCall('mcp__theirs__ask', args, 'c1'));
      const capabilities = { elicitation: { url: {} } };
      // A page that is left open is settled by the server's report.
      const fill = () => (completes === 'later' ? {} : new Promise<null>(() => undefined));
      await using editor = await place.connect([call, done], { capabilities, fill });
      const sessionId = await place.open(editor, { mcpServers: [server('theirs')] });
      expect(await ask(editor, sessionId, 'go')).toEqual({ stopReason: 'end_turn' });
      expect(place.server.requests.at(-1)?.outputOf('c1')).toContain('accept');
      const sent = (method: string) =>
        editor.wire().flatMap((one) => ('method' in one && one.method === method ? [Object(one.params)] : []));
      await expect.poll(() => sent('elicitation/complete'), { timeout: 10_000 }).toHaveLength(1);
      const [page] = sent('elicitation/create');
      expect(page).toMatchObject({ mode: 'url', url: args.url });
      expect(sent('elicitation/complete')).toEqual([{ elicitationId: page.elicitationId }]);
    },
  );

  test('a client that sends no list of servers, or null, has none', async () => {
    await using editor = await place.connect([done]);
    const { path: cwd } = place.repo;
    const none = { cwd, mcpServers: null };
    expect(await editor.agent.request<unknown>('session/new', none)).toMatchObject({ sessionId: expect.any(String) });
    const missing = await editor.agent.request<{ sessionId: string }, unknown>('session/new', { cwd });
    await ask(editor, missing.sessionId, 'go');
    const params = { sessionId: missing.sessionId, cwd };
    expect(await editor.agent.request<unknown, unknown>('session/load', params)).toMatchObject({ modes: {} });
    expect(await editor.agent.request<unknown, unknown>('session/resume', params)).toMatchObject({ modes: {} });
  });
});
