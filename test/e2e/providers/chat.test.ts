import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  assertStrict,
  cut,
  functionCall,
  type Json,
  type ModelServer,
  message,
  rawEvent,
  reasoning,
  respond,
  type Script,
  startModelServer,
  usage,
} from '../../../src/testing/index.ts';
import { jsonLines, type KeelRun } from '../../support/keel.ts';
import { runCommandLine } from '../../support/programs/resident-keel.ts';
import { gitRepository, keelHome, type TempDir } from '../../support/temp-dir.ts';

let home: TempDir;
let repo: TempDir;
let server: ModelServer;

beforeEach(() => {
  home = keelHome();
  repo = gitRepository();
});
afterEach(async () => {
  await server?.close();
  home[Symbol.dispose]();
  repo[Symbol.dispose]();
});

const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);
const MODEL = ['-c', 'model_provider="local"', '-m', 'local-model', '-s', 'danger-full-access'];
const shell = (command: string, id: string) => functionCall('shell', { command: ['bash', '-c', command] }, id);

async function open(script: Script): Promise<void> {
  server = await startModelServer(script);
  const provider = ['[model_providers.local]', 'name = "Local"', `base_url = "${server.url}"`, 'wire_api = "chat"'];
  home.write({ 'config.toml': `${provider.join('\n')}\nstream_max_retries = 2\n` });
}

const keel = (...args: string[]): Promise<KeelRun> =>
  runCommandLine(['exec', ...args], { home: home.path, cwd: repo.path, url: server.url });

function messagesOf(at: number): Json[] {
  const messages = server.requests[at]?.body['messages'];
  return Array.isArray(messages) ? messages : [];
}

describe('keel exec over the Chat Completions API', () => {
  test('model 30: a turn with thoughts and parallel calls runs to its end', async () => {
    await open([
      respond(
        reasoning(['hm']),
        message('I look.'),
        shell('echo one', 'c1'),
        shell('echo two', 'c2'),
        usage({ input: 90, cached: 40, output: 10 }),
      ),
      respond(message('done'), usage({ input: 120, output: 2 })),
    ]);
    const run = await keel(...MODEL, '--json', 'go');
    expect(run).toMatchObject({ code: 0, stderr: expect.any(String) });
    const lines = jsonLines(run.stdout);
    expect(
      lines.filter(({ type, item }) => type === 'item.completed' && item?.type === 'command_execution'),
    ).toMatchObject([
      { item: { aggregated_output: 'one\n', exit_code: 0 } },
      { item: { aggregated_output: 'two\n', exit_code: 0 } },
    ]);
    expect(lines.at(-1)).toMatchObject({
      type: 'turn.completed',
      usage: { input_tokens: 210, cached_input_tokens: 40, output_tokens: 12 },
    });
    expect(server.requests.map(({ path }) => path)).toEqual(['/v1/chat/completions', '/v1/chat/completions']);
    const calls = messagesOf(1).flatMap((sent) => sent['tool_calls'] ?? []);
    expect(calls).toMatchObject([{ id: 'c1' }, { id: 'c2' }]);
    expect(messagesOf(1).filter(({ role }) => role === 'tool')).toMatchObject([
      { tool_call_id: 'c1', content: expect.stringContaining('one') },
      { tool_call_id: 'c2', content: expect.stringContaining('two') },
    ]);
    expect(messagesOf(1).find(({ content }) => content === 'I look.')).toMatchObject({
      role: 'assistant',
      reasoning_content: 'hm',
    });
  });

  test('what the server said goes back as it was said, with a picture in between, and after a resume', async () => {
    const delta = (fields: Json) => rawEvent({ id: 'c', choices: [{ index: 0, delta: fields, finish_reason: null }] });
    const detail = (fields: Json) => delta({ reasoning_details: [{ type: 'reasoning.text', index: 0, ...fields }] });
    const called = (index: number, id: string, name: string, args: Json, signature: string) =>
      delta({
        tool_calls: [
          { index, id, type: 'function', function: { name, arguments: JSON.stringify(args) } },
          { index, extra_content: { google: { thought_signature: signature } } },
        ],
      });
    const echo = (word: string) => ({ command: ['bash', '-c', `echo ${word}`] });
    await open([
      respond(
        ...[
          detail({ text: 'I ' }),
          detail({ text: 'look.' }),
          detail({ signature: 'SIG' }),
          delta({ content: 'Now.' }),
        ],
        ...[called(0, 'c1', 'shell', echo('one'), 'S1'), called(1, 'c2', 'shell', echo('two'), 'S2')],
      ),
      respond(detail({ text: 'And.', signature: 'SIG2' }), called(0, 'c1', 'view_image', { path: 'p.png' }, 'S3')),
      respond(message('done')),
      respond(message('still here')),
    ]);
    writeFileSync(join(repo.path, 'p.png'), PNG);
    const run = await keel(...MODEL, '--json', 'go');
    expect(run.code).toBe(0);
    const id = String(jsonLines(run.stdout)[0]?.['thread_id']);
    expect((await keel(...MODEL, 'resume', id, 'and now?')).code).toBe(0);

    expect(messagesOf(3).filter(({ role }) => role === 'assistant')).toMatchObject([
      {
        content: 'Now.',
        reasoning_details: [{ type: 'reasoning.text', index: 0, text: 'I look.', signature: 'SIG' }],
        tool_calls: [
          { id: 'c1', extra_content: { google: { thought_signature: 'S1' } } },
          { id: 'c2', extra_content: { google: { thought_signature: 'S2' } } },
        ],
      },
      { content: null, reasoning_details: [{ signature: 'SIG2' }], tool_calls: [{ id: 'c1_2' }] },
      { content: 'done' },
    ]);
    const roles = messagesOf(2).map(({ role }) => role);
    expect(roles.slice(-6)).toEqual(['assistant', 'tool', 'tool', 'assistant', 'tool', 'user']);
    for (const [at, request] of server.requests.entries()) {
      assertStrict(request, { ownFields: ['reasoning_details', 'extra_content'] });
      const before = server.requests[at - 1];
      if (before) request.assertExtends(before);
    }
  });

  test('model 31: a stream that is cut is asked for again, and no call runs twice', async () => {
    const count = `echo x >> ${join(home.path, 'ran')}; wc -l < ${join(home.path, 'ran')}`;
    await open([respond(shell(count, 'c1')), respond(message('half an ans'), cut()), respond(message('whole'))]);
    const run = await keel(...MODEL, '--json', 'go');
    expect(run.code).toBe(0);
    expect(server.requests).toHaveLength(3);
    expect(jsonLines(run.stdout).findLast(({ item }) => item?.type === 'agent_message')?.item?.['text']).toBe('whole');
    expect(messagesOf(2).filter(({ role }) => role === 'tool')).toMatchObject([
      { content: expect.stringMatching(/\b1\b/) },
    ]);
  });

  test('a thread that started over another API continues over this one, and back', async () => {
    await open([
      respond(message('first'), usage({ input: 5, output: 1 })),
      respond(shell('echo here', 'c2'), usage({})),
      respond(message('second'), usage({ input: 9, output: 1 })),
      respond(message('third'), usage({ input: 12, output: 1 })),
    ]);
    const usual = ['-s', 'danger-full-access'];
    const first = await keel(...usual, '--json', 'one');
    const id = String(jsonLines(first.stdout)[0]?.['thread_id']);
    expect(await keel(...MODEL, 'resume', id, 'two')).toMatchObject({ code: 0 });
    expect((await keel(...usual, '-c', 'model_provider="openai"', '-m', 'gpt-5', 'resume', id, 'three')).code).toBe(0);
    expect(server.requests.map(({ path }) => path.split('/').at(-1))).toEqual([
      'responses',
      'completions',
      'completions',
      'responses',
    ]);
    expect(messagesOf(1).filter(({ role }) => role !== 'system')).toEqual(
      expect.arrayContaining([
        { role: 'assistant', content: 'first' },
        { role: 'user', content: 'two' },
      ]),
    );
    expect(server.requests[3]?.outputOf('c2')).toContain('here');
  });

  test('a key that was stored for OpenAI is not sent, and the one that is named is', async () => {
    await open([respond(message('ok'), usage({}))]);
    home.write({ 'auth.json': JSON.stringify({ OPENAI_API_KEY: 'sk-stored' }) });
    expect((await keel(...MODEL, 'go')).code).toBe(0);
    expect(server.requests[0]?.headers['authorization']).toBeUndefined();
  });
});
