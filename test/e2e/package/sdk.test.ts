import { join } from 'node:path';
import { Codex } from 'codex-sdk-0.163';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  customCall,
  failed,
  functionCall,
  type ModelServer,
  message,
  respond,
  startModelServer,
  usage,
} from '../../../src/testing/index.ts';
import { keelBin } from '../../support/keel.ts';
import { gitRepository, keelHome, type TempDir } from '../../support/temp-dir.ts';

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

function published(): Codex {
  return new Codex({
    codexPathOverride: keelBin,
    apiKey: 'sdk-key',
    baseUrl: server.url,
    env: { PATH: process.env['PATH'] ?? '', HOME: home.path, KEEL_HOME: home.path },
  });
}

const done = respond(message('It is done.'), usage({ input: 10, cached: 4, output: 2 }));

test('protocol 20, 21: the published SDK runs a turn, gets items and usage, and resumes with the next', async () => {
  server = await startModelServer([respond(functionCall('shell', { command: ['echo', 'x'] })), done, done]);
  const thread = published().startThread({ workingDirectory: repo.path, sandboxMode: 'workspace-write' });
  const turn = await thread.run('do it');
  expect(turn.finalResponse).toBe('It is done.');
  expect(turn.items.map((item) => item.type)).toEqual(['command_execution', 'agent_message']);
  expect(turn.usage).toMatchObject({ input_tokens: 10, cached_input_tokens: 4, output_tokens: 2 });
  const id = thread.id;
  await thread.run('and again');
  expect(thread.id).toBe(id);
  expect(server.requests[2]?.textsOf('user').slice(-2)).toEqual(['do it', 'and again']);
  expect(server.requests[0]?.headers).toMatchObject({ originator: 'codex_sdk_ts', authorization: 'Bearer sdk-key' });
});

test('a change that was refused is a failed item to the published SDK, and its turn completes', async () => {
  const patch = '*** Begin Patch\n*** Add File: n.txt\n+new\n*** End Patch';
  server = await startModelServer([respond(customCall('apply_patch', patch)), done]);
  const thread = published().startThread({ workingDirectory: repo.path, sandboxMode: 'read-only' });
  const { items, finalResponse, usage: used } = await thread.run('go');
  expect(items.map(({ type }) => type)).toEqual(['file_change', 'agent_message']);
  expect(items[0]).toMatchObject({ status: 'failed', changes: [{ path: join(repo.path, 'n.txt'), kind: 'add' }] });
  expect([finalResponse, used?.output_tokens]).toEqual(['It is done.', 2]);
});

test('streaming yields the same events, one by one', async () => {
  server = await startModelServer([done]);
  const { events } = await published().startThread({ workingDirectory: repo.path }).runStreamed('go');
  const types: string[] = [];
  for await (const event of events) types.push(event.type);
  expect(types).toEqual(['thread.started', 'turn.started', 'item.completed', 'turn.completed']);
});

test('structured output and images reach the model', async () => {
  server = await startModelServer([respond(message('{"ok":true}'), usage({}))]);
  const schema = {
    type: 'object',
    properties: { ok: { type: 'boolean' } },
    required: ['ok'],
    additionalProperties: false,
  };
  const { writeFileSync } = await import('node:fs');
  const image = join(home.path, 'dot.png');
  const png = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
  writeFileSync(image, Buffer.from(png, 'base64'));
  const thread = published().startThread({ workingDirectory: repo.path });
  const turn = await thread.run(
    [
      { type: 'text', text: 'look' },
      { type: 'local_image', path: image },
    ],
    { outputSchema: schema },
  );
  expect(JSON.parse(turn.finalResponse)).toEqual({ ok: true });
  expect(server.requests[0]?.body['text']).toMatchObject({ format: { schema } });
  expect(server.requests[0]?.input.at(-1)?.['content']).toMatchObject([
    { type: 'input_image' },
    { type: 'input_text' },
  ]);
});

test('a failed turn makes run throw its message', async () => {
  server = await startModelServer([respond(failed({ code: 'context_length_exceeded', message: 'full' }))]);
  await expect(published().startThread({ workingDirectory: repo.path }).run('go')).rejects.toThrow(/context window/i);
});

test('aborting the signal stops the program', async () => {
  server = await startModelServer([respond(functionCall('shell', { command: ['sleep', '60'], timeout_ms: 60_000 }))]);
  const controller = new AbortController();
  const running = published().startThread({ workingDirectory: repo.path }).run('go', { signal: controller.signal });
  await server.request(0);
  controller.abort();
  await expect(running).rejects.toThrow();
});
