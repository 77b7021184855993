import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Keel } from '../../../src/surfaces/sdk/index.ts';
import { type ModelServer, message, respond, startModelServer } from '../../../src/testing/index.ts';
import { StdioServer } from '../../support/app-server/run.ts';
import { freshPlaces } from '../../support/fresh-places.ts';
import { keelBin, runKeel } from '../../support/keel.ts';
import { connectAcp } from '../../support/programs/acp-client.ts';

const { home, repo } = freshPlaces();
const timeout = 60_000;
let server: ModelServer;

beforeEach(async () => {
  server = await startModelServer(() => respond(message('ok')));
});
afterEach(async () => {
  expect(server.requests).toEqual([]);
  await server.close();
});

const NO_KEY = { OPENAI_API_KEY: '' };
const place = () => ({ home: home.path, cwd: repo.path, url: server.url, env: NO_KEY });
const WORDS = 'No API key found: set the environment variable OPENAI_API_KEY, or run `keel login';

test.each([
  ['exec', 'hi'],
  ['exec', '--json', 'hi'],
  ['review', 'look at a.txt'],
  ['exec', 'resume', '--last', 'hi'],
])('keel %s without a key sends nothing, says what to do, and leaves no thread', { timeout }, async (...words) => {
  const run = await runKeel(words, place());
  expect(run.code).toBe(1);
  expect(run.stdout + run.stderr).toMatch(/No API key found|no thread/i);
  expect((await runKeel(['threads', 'list'], place())).stdout).toBe('No threads.\n');
});

test('the SDK says so as the error of the turn', { timeout }, async () => {
  const env = { PATH: process.env['PATH'], HOME: home.path, OPENAI_BASE_URL: server.url };
  const thread = await new Keel({ cwd: repo.path, home: home.path, env }).startThread();
  await expect(thread.run('hi')).rejects.toThrow(WORDS);
  await thread.close();
});

test('keel app-server says so as the error of the turn', { timeout }, async () => {
  await using app = new StdioServer(place());
  await app.initialize();
  const { thread } = await app.call('thread/start', {});
  const threadId = thread !== null && typeof thread === 'object' && 'id' in thread ? thread.id : null;
  await app.call('turn/start', { threadId, input: [{ type: 'text', text: 'hi' }] });
  expect(JSON.stringify(await app.next('turn/completed'))).toContain(WORDS);
});

test('keel acp says so to the editor before a session is opened', { timeout }, async () => {
  await using acp = await connectAcp(place());
  const opened = acp.agent.request('session/new', { cwd: repo.path, mcpServers: [] });
  await expect(opened).rejects.toThrow(WORDS);
});

test('keel mcp-server says so as the result of its tool', { timeout }, async () => {
  const client = new Client({ name: 'editor', version: '1' });
  const env = { PATH: process.env['PATH'] ?? '', HOME: home.path, KEEL_HOME: home.path, OPENAI_BASE_URL: server.url };
  await client.connect(
    new StdioClientTransport({ command: process.execPath, args: [keelBin, 'mcp-server'], cwd: repo.path, env }),
  );
  try {
    const result = await client.callTool({ name: 'keel', arguments: { prompt: 'hi' } });
    expect(result.isError).toBe(true);
    expect(JSON.stringify(result.content)).toContain(WORDS);
  } finally {
    await client.close();
  }
});
