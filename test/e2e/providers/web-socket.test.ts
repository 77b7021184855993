import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  cut,
  functionCall,
  type ModelServer,
  type ModelServerOptions,
  message,
  reasoning,
  respond,
  type Script,
  startModelServer,
  usage,
} from '../../../src/testing/index.ts';
import { jsonLines, type KeelRun, rolloutsIn } from '../../support/keel.ts';
import { runCommandLine } from '../../support/programs/resident-keel.ts';
import { gitRepository, keelHome, type TempDir } from '../../support/temp-dir.ts';

const KEY = 'sk-socket-secret-1234567890';

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

async function open(script: Script, options: ModelServerOptions = {}): Promise<void> {
  server = await startModelServer(script, options);
  const provider = ['[model_providers.ws]', 'name = "WS"', `base_url = "${server.url}"`, 'env_key = "WS_KEY"'];
  home.write({
    'config.toml': `model_provider = "ws"\nmodel = "gpt-5"\nsandbox_mode = "danger-full-access"\n${provider.join('\n')}\nsupports_websockets = true\nstream_max_retries = 1\n`,
  });
}

const keel = (...args: string[]): Promise<KeelRun> =>
  runCommandLine(['exec', ...args], { home: home.path, cwd: repo.path, url: server.url, env: { WS_KEY: KEY } });
const shell = (command: string, id: string) => functionCall('shell', { command: ['bash', '-c', command] }, id);
const ways = () => server.requests.map(({ transport }) => transport);
const sentInput = (at: number) => {
  const input = server.requests[at]?.body['input'];
  return Array.isArray(input) ? input : [];
};

describe('keel exec over a WebSocket', () => {
  test('a turn with calls runs over one connection, sends only what is new, and counts its tokens', async () => {
    await open([
      respond(reasoning(['Hm.']), message('I look.'), shell('echo one >> log', 'c1'), usage({ input: 90, output: 10 })),
      respond(shell('cat log', 'c2'), usage({ input: 120, cached: 90, output: 5 })),
      respond(message('It says one.'), usage({ input: 140, cached: 120, output: 3 })),
    ]);
    const run = await keel('--json', 'go');

    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(ways()).toEqual(['websocket', 'websocket', 'websocket']);
    expect(server.requests.map(({ body }) => body['previous_response_id'])).toEqual([undefined, 'resp_0', 'resp_1']);
    expect([1, 2].map(sentInput)).toMatchObject([
      [{ type: 'function_call_output', call_id: 'c1' }],
      [{ type: 'function_call_output', call_id: 'c2', output: expect.stringContaining('one') }],
    ]);
    expect(server.requests[0]?.headers['authorization']).toBe(`Bearer ${KEY}`);
    const lines = jsonLines(run.stdout);
    expect(lines.at(-1)).toMatchObject({
      usage: { input_tokens: 350, cached_input_tokens: 210, output_tokens: 18 },
    });
    expect(readFileSync(rolloutsIn(home.path)[0] ?? '', 'utf8') + run.stdout).not.toContain(KEY);
    server.assertDone();
  });

  test('a resumed thread is sent whole over its new connection', async () => {
    await open([respond(message('First.')), respond(message('Second.'))]);
    await keel('one');
    expect(await keel('resume', '--last', 'two')).toMatchObject({ code: 0, stdout: 'Second.\n' });

    expect(ways()).toEqual(['websocket', 'websocket']);
    expect(server.requests[1]?.body).not.toHaveProperty('previous_response_id');
    const [first, second] = server.requests;
    if (first) second?.assertExtends(first);
    expect(second?.textsOf('assistant')).toEqual(['First.']);
  });

  test('a server that has none is asked over HTTP within the attempt, and the run says nothing of it', async () => {
    await open([respond(shell('echo hi', 'c1')), respond(message('done'))], { webSockets: 'refused' });
    const run = await keel('--json', 'go');

    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(ways()).toEqual(['http', 'http']);
    expect(jsonLines(run.stdout).map(({ type }) => type)).not.toContain('error');
  });

  test('model 25: a connection that breaks is reported and replaced, and what ran does not run twice', async () => {
    await open([
      respond(shell('echo ran >> effect', 'c1'), message('Half', { unfinished: true }), cut()),
      respond(message('It ran.')),
    ]);
    const run = await keel('--json', 'go');

    expect(run.code).toBe(0);
    expect(jsonLines(run.stdout).filter(({ type }) => type === 'error')).toMatchObject([
      { message: expect.stringMatching(/^Reconnecting... 1\/1/) },
    ]);
    expect(ways()).toEqual(['websocket', 'websocket']);
    expect(server.requests[1]?.outputOf('c1')).toBeDefined();
    expect(readFileSync(join(repo.path, 'effect'), 'utf8')).toBe('ran\n');
  });
});
