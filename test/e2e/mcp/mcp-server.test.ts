import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  functionCall,
  type ModelServer,
  message,
  respond,
  type Script,
  startModelServer,
} from '../../../src/testing/index.ts';
import { keelBin, processesWith, startKeel, until } from '../../support/keel.ts';
import { serverFile } from '../../support/mcp/settings.ts';
import { asksUser } from '../../support/questions.ts';
import { gitRepository, keelHome, type TempDir } from '../../support/temp-dir.ts';

const INSPECTOR = join(
  import.meta.dirname,
  '../../../node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js',
);
let home: TempDir;
let repo: TempDir;
let server: ModelServer;

beforeEach(() => {
  home = keelHome();
  repo = gitRepository();
});
afterEach(async () => {
  await server.close();
  home[Symbol.dispose]();
  repo[Symbol.dispose]();
});

interface Answers {
  /** Null: the client can't be asked. */
  readonly action: 'accept' | 'decline' | 'cancel' | null;
  readonly era?: 'legacy' | 'auto';
  /** What an accepted form is filled with. */
  readonly content?: Readonly<Record<string, string>>;
}

/** The protocol's own client, with a keel that it starts. Without a script the model is that of the connection before. */
async function connect(script: Script | null, { action, era = 'legacy', content = {} }: Answers = { action: null }) {
  if (script !== null) server = await startModelServer(script);
  const questions: string[] = [];
  const schemas: unknown[] = [];
  const client = new Client(
    { name: 'editor', version: '1' },
    { capabilities: action === null ? {} : { elicitation: {} }, versionNegotiation: { mode: era } },
  );
  if (action !== null) {
    client.setRequestHandler('elicitation/create', ({ params }) => {
      questions.push(params.message);
      schemas.push('requestedSchema' in params ? params.requestedSchema : null);
      return action === 'accept' ? { action, content: { ...content } } : { action };
    });
  }
  const env = {
    ...{ PATH: process.env['PATH'] ?? '', HOME: home.path, KEEL_HOME: home.path },
    ...{ OPENAI_BASE_URL: server.url, OPENAI_API_KEY: 'test' },
  };
  const args = [keelBin, 'mcp-server'];
  await client.connect(new StdioClientTransport({ command: process.execPath, args, cwd: repo.path, env }));
  return { client, questions, schemas, [Symbol.asyncDispose]: () => client.close() };
}

const touch = (name: string) => respond(functionCall('shell', { command: ['touch', name] }, 'c1'));
const done = respond(message('It is done.'));
const asks = { sandbox: 'workspace-write', 'approval-policy': 'untrusted' };

describe('keel mcp-server', () => {
  test('protocol 38: offers keel and keel-reply; what it lacks is answered, and so is a call that lacks its prompt', async () => {
    await using connected = await connect([done]);
    const { client } = connected;
    const { tools } = await client.listTools();
    expect(tools.map(({ name, inputSchema }) => [name, inputSchema.required])).toEqual([
      ['keel', ['prompt']],
      ['keel-reply', ['threadId', 'prompt']],
    ]);
    for (const { outputSchema } of tools) expect(outputSchema?.['properties']).toHaveProperty('threadId');
    await expect(client.request({ method: 'resources/list', params: {} })).rejects.toThrow(/not found|not support/i);
    expect(await client.callTool({ name: 'keel', arguments: {} })).toMatchObject({ isError: true });
    expect(server.requests).toEqual([]);
  });

  test('a call works on its request, says what it does, and a reply continues the thread, also in another process', async () => {
    const says = (what: string) => respond(message(what));
    await using first = await connect([
      touch('made'),
      says('Made it.'),
      says('You asked for a file.'),
      says('Still here.'),
    ]);
    const steps: string[] = [];
    const result = await first.client.callTool(
      { name: 'keel', arguments: { prompt: 'make a file', sandbox: 'danger-full-access', model: 'gpt-5-codex' } },
      { onprogress: ({ message: text }) => steps.push(text ?? '') },
    );
    expect(result).toMatchObject({
      content: [{ type: 'text', text: 'Made it.' }],
      structuredContent: { content: 'Made it.' },
    });
    expect(existsSync(join(repo.path, 'made'))).toBe(true);
    expect(steps).toEqual(expect.arrayContaining(['runs touch made', 'writes']));
    const { threadId } = result.structuredContent as { threadId: string };
    const reply = (prompt: string) => ({ name: 'keel-reply', arguments: { threadId, prompt } });
    expect(await first.client.callTool(reply('what did I ask?'))).toMatchObject({
      structuredContent: { threadId, content: 'You asked for a file.' },
    });
    await using second = await connect(null);
    expect(await second.client.callTool(reply('and now?'))).toMatchObject({
      structuredContent: { threadId, content: 'Still here.' },
    });
    const sent = JSON.stringify(server.requests.at(-1)?.body);
    for (const said of ['make a file', 'You asked for a file.', 'and now?']) expect(sent).toContain(said);
  });

  test.each([
    ['accept', 'legacy', true],
    ['accept', 'auto', true],
    ['decline', 'legacy', false],
    ['cancel', 'auto', false],
  ] as const)('protocol 39: a question that is answered with %s (%s client)', async (action, era, isMade) => {
    await using connected = await connect([touch('made'), done], { action, era });
    const { client, questions } = connected;
    const result = await client.callTool({ name: 'keel', arguments: { prompt: 'go', model: 'gpt-5-codex', ...asks } });
    expect(questions).toEqual([expect.stringMatching(/^Run this command in .*\n\ntouch made\n/)]);
    expect(existsSync(join(repo.path, 'made'))).toBe(isMade);
    expect(result).toMatchObject({ structuredContent: { content: 'It is done.' } });
  });

  test.each([
    ['accept', 'legacy', '{"answers":{"colour":{"answers":["Red"]}}}'],
    ['accept', 'auto', '{"answers":{"colour":{"answers":["Red"]}}}'],
    ['decline', 'legacy', 'The user gave no answer.'],
  ] as const)('the model’s questions are a form: %s (%s client)', async (action, era, output) => {
    const script = [respond(asksUser()), done];
    await using connected = await connect(script, { action, era, content: { answer_1: 'Red' } });
    const { client, questions } = connected;
    const result = await client.callTool({ name: 'keel', arguments: { prompt: 'go', model: 'gpt-5-codex' } });
    expect(questions).toEqual([expect.stringContaining('Which colour should the button have?')]);
    expect(result).toMatchObject({ structuredContent: { content: 'It is done.' } });
    expect(server.requests[1]?.outputOf('ask_1')).toContain(output);
  });

  test.each([
    ['accept', 'legacy', { action: 'accept', content: { name: 'Ada' } }],
    ['accept', 'auto', { action: 'accept', content: { name: 'Ada' } }],
    ['decline', 'legacy', { action: 'decline' }],
  ] as const)('the form of an MCP server comes with its fields: %s (%s client)', async (action, era, answer) => {
    const args = [process.execPath, serverFile];
    const notes = { command: '/usr/bin/env', args, default_tools_approval_mode: 'approve' };
    const ask = respond(functionCall('mcp__notes__ask', { required: ['name'] }, 'c1'));
    await using connected = await connect([ask, done], { action, era, content: { name: 'Ada' } });
    const config = { mcp_servers: { notes }, sandbox_mode: 'danger-full-access' };
    const call = { prompt: 'go', model: 'gpt-5-codex', config };
    expect(await connected.client.callTool({ name: 'keel', arguments: call })).toMatchObject({
      structuredContent: { content: 'It is done.' },
    });
    expect(connected.questions).toEqual(['The MCP server notes asks: Who are you?\n']);
    expect(connected.schemas).toMatchObject([{ properties: { name: { type: 'string' } }, required: ['name'] }]);
    const output = JSON.stringify(JSON.stringify(answer)).slice(1, -1);
    expect(String(server.requests[1]?.outputOf('c1'))).toContain(output);
  });

  test('the model of a client that can not be asked has no tool to ask', async () => {
    await using connected = await connect([done]);
    await connected.client.callTool({ name: 'keel', arguments: { prompt: 'go', model: 'gpt-5-codex' } });
    expect(JSON.stringify(server.requests[0]?.body)).not.toContain('request_user_input');
  });

  test('a client that can not be asked is not asked: the call is refused, and the turn continues without', async () => {
    await using connected = await connect([touch('made'), done]);
    const { client } = connected;
    const args = { prompt: 'go', model: 'gpt-5-codex', sandbox: 'read-only', 'approval-policy': 'untrusted' };
    expect(await client.callTool({ name: 'keel', arguments: args })).toMatchObject({
      structuredContent: { content: 'It is done.' },
    });
    expect(existsSync(join(repo.path, 'made'))).toBe(false);
  });

  test('a call that is cancelled stops with all that it runs, and the server serves the next one', async () => {
    // Shows in the environment of the shell and of what it starts.
    const mark = `TREE=${repo.path}/tree`;
    const tree = ['env', mark, 'sh', '-c', 'sleep 300 & touch begun; sleep 300; touch late'];
    const waits = respond(functionCall('shell', { command: tree }, 'c1'));
    await using connected = await connect([waits, done]);
    const { client } = connected;
    const stop = new AbortController();
    const args = { prompt: 'go', model: 'gpt-5-codex', sandbox: 'danger-full-access' };
    const call = client.callTool({ name: 'keel', arguments: args }, { signal: stop.signal });
    await until(() => existsSync(join(repo.path, 'begun')) && processesWith(mark).length >= 3);
    stop.abort('not needed');
    await expect(call).rejects.toThrow();
    await until(() => processesWith(mark).length === 0);
    expect(await client.callTool({ name: 'keel', arguments: args })).toMatchObject({
      structuredContent: { content: 'It is done.' },
    });
    expect(existsSync(join(repo.path, 'late'))).toBe(false);
  });

  test('the command line of the MCP inspector calls a tool', async () => {
    server = await startModelServer([respond(message('It is done.'))]);
    const env = { HOME: home.path, KEEL_HOME: home.path, OPENAI_BASE_URL: server.url, OPENAI_API_KEY: 'test' };
    const words = Object.entries(env).flatMap(([name, value]) => ['-e', `${name}=${value}`]);
    const inspect = async (...args: readonly string[]): Promise<unknown> => {
      const command = [INSPECTOR, '--cli', ...words, process.execPath, keelBin, 'mcp-server', ...args];
      const { stdout } = await promisify(execFile)(process.execPath, command, { cwd: repo.path, timeout: 60_000 });
      return JSON.parse(stdout);
    };
    const call = ['--method', 'tools/call', '--tool-name', 'keel', '--tool-arg', 'prompt=go'];
    expect(await inspect(...call)).toMatchObject({ structuredContent: { content: 'It is done.' } });
  }, 90_000);

  test('what goes wrong is the result of the call: settings, a directory, a thread that nobody has', async () => {
    await using connected = await connect([done]);
    const { client } = connected;
    const text = async (name: string, args: Record<string, unknown>) => {
      const result = await client.callTool({ name, arguments: args });
      expect(result.isError).toBe(true);
      return JSON.stringify(result.content);
    };
    expect(await text('keel', { prompt: 'go', config: { model_provider: 'nowhere' } })).toContain('nowhere');
    expect(await text('keel', { prompt: 'go', cwd: 'no/such/place' })).toContain('no/such/place');
    expect(await text('keel-reply', { threadId: '01a20cee-41e3-7d69-b809-3f6bd217b403', prompt: 'go' })).toContain(
      '01a20cee',
    );
    expect(server.requests).toEqual([]);
  });

  test('lines that are no messages end nothing, standard output has messages alone, and the end of the input ends the server', async () => {
    const command = ['sh', '-c', 'touch begun; sleep 300'];
    server = await startModelServer([respond(functionCall('shell', { command }, 'c1'))]);
    const live = startKeel(['mcp-server'], { home: home.path, cwd: repo.path, url: server.url });
    const send = (value: unknown) =>
      live.child.stdin.write(`${typeof value === 'string' ? value : JSON.stringify(value)}\n`);
    for (const junk of ['nonsense', '{"jsonrpc":"2.0"', '[]', 'null', '{"id":7}']) send(junk);
    const params = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'raw', version: '1' } };
    send({ jsonrpc: '2.0', id: 1, method: 'initialize', params });
    send({ jsonrpc: '2.0', method: 'notifications/initialized' });
    const args = { prompt: 'go', model: 'gpt-5-codex', sandbox: 'danger-full-access' };
    send({ jsonrpc: '2.0', id: 2, method: 'tools/call', params: { name: 'keel', arguments: args } });
    await until(() => existsSync(join(repo.path, 'begun')));
    live.child.stdin.end();
    const run = await live.ended;
    expect(run.code).toBe(0);
    await until(() => processesWith(home.path).length === 0);
    const lines = run.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { jsonrpc?: string });
    expect(lines.every(({ jsonrpc }) => jsonrpc === '2.0')).toBe(true);
    expect(run.stdout).toContain('"serverInfo":{"name":"keel"');
  });
});
