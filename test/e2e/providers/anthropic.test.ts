import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  cut,
  failed,
  functionCall,
  httpError,
  incomplete,
  type Json,
  type ModelServer,
  message,
  reasoning,
  respond,
  type Script,
  startModelServer,
  usage,
} from '../../../src/testing/index.ts';
import { jsonLines, type KeelRun, rolloutsIn } from '../../support/keel.ts';
import { expectTaken } from '../../support/messages-rules.ts';
import { runCommandLine } from '../../support/programs/resident-keel.ts';
import { gitRepository, keelHome, type TempDir } from '../../support/temp-dir.ts';

const KEY = 'sk-ant-secret-1234567890';
const CLAUDE = ['-c', 'model_provider="anthropic"', '-m', 'claude-opus-5', '-s', 'danger-full-access'];

let home: TempDir;
let repo: TempDir;
let server: ModelServer;

beforeEach(() => {
  home = keelHome();
  repo = gitRepository();
});
afterEach(async () => {
  await server?.close();
  for (const { path, body } of server?.requests ?? []) if (path.endsWith('/messages')) expectTaken(body);
  home[Symbol.dispose]();
  repo[Symbol.dispose]();
});

function keel(args: readonly string[], env: Record<string, string> = {}): Promise<KeelRun> {
  return runCommandLine(args, {
    home: home.path,
    cwd: repo.path,
    url: server.url,
    env: { ANTHROPIC_BASE_URL: server.url, ANTHROPIC_API_KEY: KEY, ...env },
  });
}

async function exec(script: Script, args: readonly string[]): Promise<KeelRun> {
  server = await startModelServer(script);
  return keel(['exec', ...CLAUDE, ...args]);
}

const shell = (command: string, id: string) => functionCall('exec_command', { cmd: command }, id);
const finalMessage = (run: KeelRun) => jsonLines(run.stdout).findLast(({ item }) => item?.['text'])?.item?.['text'];

function messagesOf(at: number): Json[] {
  const messages = server.requests[at]?.body['messages'];
  return Array.isArray(messages) ? messages : [];
}

function blocksOf(at: number, role: string): Json[] {
  return messagesOf(at)
    .filter((sent) => sent['role'] === role)
    .flatMap(({ content }) => (Array.isArray(content) ? content : []));
}

describe('keel exec over the Messages API', () => {
  test('model 32, 33: a turn with calls; thoughts go back signed, usage counts the cache, and the key stays with keel', async () => {
    const run = await exec(
      [
        respond(
          reasoning(['I should look around.'], { encrypted: 'c2lnbmVk' }),
          message('Looking.'),
          shell('env | grep -c ANTHROPIC_API_KEY; echo one', 'toolu_1'),
          shell('echo two', 'toolu_2'),
          usage({ input: 105, cached: 90, cacheWritten: 5, output: 7 }),
        ),
        respond(message('All done.'), usage({ input: 200, cached: 105, output: 3 })),
      ],
      ['--json', 'look around'],
    );

    expect(run).toMatchObject({ code: 0, stderr: '' });
    server.assertDone();
    const [first, second] = server.requests;
    expect([first?.path, first?.headers['x-api-key'], first?.headers['authorization']]).toEqual([
      '/v1/messages',
      KEY,
      undefined,
    ]);
    expect(blocksOf(1, 'assistant')).toMatchObject([
      { type: 'thinking', thinking: 'I should look around.', signature: 'c2lnbmVk' },
      { type: 'text', text: 'Looking.' },
      { type: 'tool_use', id: 'toolu_1' },
      { type: 'tool_use', id: 'toolu_2' },
    ]);
    expect(messagesOf(1).at(-1)).toMatchObject({
      role: 'user',
      content: [
        { type: 'tool_result', tool_use_id: 'toolu_1', content: expect.stringContaining('0\none') },
        { type: 'tool_result', tool_use_id: 'toolu_2', content: expect.stringContaining('two') },
      ],
    });
    if (first) second?.assertExtends(first);
    const lines = jsonLines(run.stdout);
    expect(lines.map(({ item }) => item?.type)).toContain('reasoning');
    expect(lines.at(-1)).toMatchObject({
      usage: { input_tokens: 305, cached_input_tokens: 195, output_tokens: 10 },
    });
    const record = readFileSync(rolloutsIn(home.path)[0] ?? '', 'utf8');
    expect(record + run.stdout).not.toContain(KEY);
  });

  test('model 34: an overloaded server in mid-stream is tried again, and what was done is not done twice', async () => {
    const run = await exec(
      [
        respond(shell('echo ran >> effect', 't1'), failed({ type: 'overloaded_error', message: 'Overloaded' })),
        respond(message('It ran.')),
      ],
      ['--json', 'go'],
    );

    expect(run.code).toBe(0);
    expect(jsonLines(run.stdout).filter(({ type }) => type === 'error')).toMatchObject([
      { message: expect.stringMatching(/^Reconnecting... 1\/5 .*Overloaded/) },
    ]);
    expect(blocksOf(1, 'user').at(-1)).toMatchObject({ type: 'tool_result', tool_use_id: 't1' });
    expect(readFileSync(join(repo.path, 'effect'), 'utf8')).toBe('ran\n');
  });

  test('model 34: a key that is refused in mid-stream is not tried again', async () => {
    const run = await exec(
      [respond(failed({ type: 'authentication_error', message: `invalid x-api-key ${KEY}` }))],
      ['--json', 'go'],
    );

    expect(run.code).toBe(1);
    expect(server.requests).toHaveLength(1);
    expect(run.stdout).toContain('invalid x-api-key ***');
    expect(run.stdout + run.stderr).not.toContain(KEY);
  });

  test('a server that is busy is asked again, one that refuses the request is not', async () => {
    const busy = { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } };
    const wrong = { type: 'error', error: { type: 'invalid_request_error', message: 'max_tokens: too many' } };
    const run = await exec([httpError(529, busy), httpError(400, wrong)], ['--json', 'go']);

    expect(run.code).toBe(1);
    expect(server.requests).toHaveLength(2);
    expect(jsonLines(run.stdout).at(-1)).toMatchObject({ error: { message: expect.stringContaining('too many') } });
  });

  test('pause_turn continues from the message so far', async () => {
    const run = await exec(
      [respond(message('Searching'), incomplete('pause_turn')), respond(message('Found it.'))],
      ['--json', 'go'],
    );

    expect(run.code).toBe(0);
    expect(finalMessage(run)).toBe('Found it.');
    expect(blocksOf(1, 'assistant')).toMatchObject([{ type: 'text', text: 'Searching' }]);
    server.assertDone();
  });

  test('a provider that pauses for ever is left alone in the end', async () => {
    const run = await exec(() => respond(message('...'), incomplete('pause_turn')), ['--json', 'go']);

    expect(run.code).toBe(0);
    expect(server.requests.length).toBeLessThan(20);
  });

  test('a refusal is the answer', async () => {
    const run = await exec([respond(incomplete('refusal'))], ['--json', 'go']);

    expect(run.code).toBe(0);
    expect(finalMessage(run)).toContain('the model refuses to go on');
  });

  test('an answer that reached max_tokens fails the turn, and what may have been cut is not run', async () => {
    const run = await exec(
      [respond(functionCall('exec_command', '{"cmd": "touch ran', 't1'), incomplete('max_output_tokens'))],
      ['--json', 'go'],
    );

    expect(run.code).toBe(1);
    expect(run.stdout).toContain('model_max_output_tokens');
    expect(run.stdout).not.toContain('command_execution');
    expect(server.requests).toHaveLength(1);
  });

  test('a window that the answer filled up is one request and one error', async () => {
    const run = await exec([respond(message('x'), incomplete('model_context_window_exceeded'))], ['--json', 'go']);

    expect(run.code).toBe(1);
    expect(jsonLines(run.stdout).at(-1)).toMatchObject({
      error: { message: expect.stringContaining('context window') },
    });
    expect(server.requests).toHaveLength(1);
  });

  test('a stream that was cut continues from the finished items; a thought that led to nothing is not sent', async () => {
    const run = await exec(
      [
        respond(reasoning(['Hm.'], { encrypted: 'cut' }), cut()),
        respond(message('Half an answer.'), message('And ha', { unfinished: true }), cut()),
        respond(message('The other half.')),
      ],
      ['--json', 'go'],
    );

    expect(run.code).toBe(0);
    expect(messagesOf(1)).toHaveLength(1);
    expect(messagesOf(2).map(({ role }) => role)).toEqual(['user', 'assistant', 'user']);
    expect(server.requests[2]?.text).not.toContain('Hm.');
  });

  test('a thread goes from the Responses API to the Messages API and back', async () => {
    server = await startModelServer([
      respond(
        reasoning(['Plan.'], { encrypted: 'openai-blob' }),
        functionCall('shell', { command: ['echo', 'hi'] }, 'call_1'),
      ),
      respond(message('Done by one.')),
      respond(reasoning(['Other plan.'], { encrypted: 'claude-sign' }), shell('echo ho', 'toolu_1')),
      respond(message('Done by two.')),
      respond(message('Done by one again.')),
    ]);
    const first = await keel(['exec', '--json', '-s', 'danger-full-access', 'one']);
    const id = String(jsonLines(first.stdout)[0]?.['thread_id']);
    const second = await keel(['exec', ...CLAUDE, 'resume', id, 'two']);
    const third = await keel(['exec', '-s', 'danger-full-access', 'resume', id, 'three']);

    expect([first, second, third].map(({ code }) => code)).toEqual([0, 0, 0]);
    expect(server.requests.map(({ path }) => path.split('/').at(-1))).toEqual([
      'responses',
      'responses',
      'messages',
      'messages',
      'responses',
    ]);
    expect(blocksOf(2, 'assistant')).toMatchObject([
      { type: 'tool_use', id: 'call_1', name: 'shell', input: { command: ['echo', 'hi'] } },
      { type: 'text', text: 'Done by one.' },
    ]);
    expect(server.requests[2]?.text).not.toContain('openai-blob');
    expect(blocksOf(3, 'assistant').map(({ type }) => type)).toEqual(['tool_use', 'text', 'thinking', 'tool_use']);
    expect(server.requests[4]?.text).not.toContain('claude-sign');
    expect(server.requests[4]?.input.map(({ type }) => type)).toEqual(
      expect.arrayContaining(['function_call', 'function_call_output', 'message']),
    );
    server.assertDone();
  });

  test('thoughts of earlier turns stay where they are, so that a resumed thread extends what was sent', async () => {
    server = await startModelServer([
      respond(reasoning(['One.'], { encrypted: 's1' }), shell('echo a', 't1'), shell('echo b', 't2')),
      respond(message('First.')),
      respond(reasoning(['Two.'], { encrypted: 's2' }), message('Second.')),
      respond(message('Third.')),
    ]);
    await keel(['exec', ...CLAUDE, 'one']);
    await keel(['exec', ...CLAUDE, 'resume', '--last', 'two']);
    await keel(['exec', ...CLAUDE, 'resume', '--last', 'three']);
    const { requests } = server;

    expect(requests).toHaveLength(4);
    for (const [at, request] of requests.entries()) request.assertExtends(requests[at - 1] ?? request);
    expect(blocksOf(3, 'assistant').map(({ type, signature }) => signature ?? type)).toEqual([
      ...['s1', 'tool_use', 'tool_use', 'text'],
      ...['s2', 'text'],
    ]);
  });

  test('keel replay: such a thread is the same as recorded', async () => {
    await exec(
      [respond(reasoning(['Hm.'], { encrypted: 's' }), shell('echo hi', 't1')), respond(message('Done.'))],
      ['go'],
    );
    const run = await keel(['replay', rolloutsIn(home.path)[0] ?? '']);

    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(run.stdout).toMatch(/the same as recorded\n {2}1 of 1 turn run again, 2 of 2 requests compared/);
  });

  test('a compaction is asked at the end of the conversation, with the same tools and no calls', async () => {
    const run = await exec(
      [
        respond(shell('echo hi', 't1'), usage({ input: 30_000, output: 10 })),
        respond(message('The handover.'), usage({ input: 30_100, output: 10 })),
        respond(message('Done.'), usage({ input: 2_000, output: 5 })),
      ],
      ['-c', 'model_auto_compact_token_limit=20000', '--json', 'go'],
    );
    const [first, second, third] = server.requests;

    expect(run.code).toBe(0);
    expect(second?.body).toMatchObject({ tool_choice: { type: 'none' }, system: first?.body['system'] });
    expect(second?.tools).toEqual(first?.tools);
    expect(third?.text).toContain('The handover.');
    expect(finalMessage(run)).toBe('Done.');
  });

  test('model 10: without a key nothing is sent, and a key that is stored for OpenAI goes nowhere', async () => {
    server = await startModelServer([]);
    writeFileSync(join(home.path, 'auth.json'), '{"OPENAI_API_KEY":"sk-openai-stored"}');
    const run = await keel(['exec', ...CLAUDE, '--json', 'hi'], { ANTHROPIC_API_KEY: '' });

    expect(run.code).toBe(1);
    expect(run.stdout).toContain('ANTHROPIC_API_KEY');
    expect(server.requests).toEqual([]);
  });
});
