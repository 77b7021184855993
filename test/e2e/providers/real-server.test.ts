import { spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, describe, expect, test } from 'vitest';
import { tinyModel } from '../../real-server/tiny-model.ts';
import { jsonLines, type KeelRun, runKeel, startKeel } from '../../support/keel.ts';
import { gitRepository, tempDir } from '../../support/temp-dir.ts';

const SERVER = join(import.meta.dirname, '../../real-server');

/** The exit code of the server where llama.cpp has no build for the machine. */
const NO_BINARY = 3;
const NUMBERS = ['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten'];
const COUNTED = NUMBERS.join(' ');
const piecesOf = (words: readonly string[]) => words.map((word, at) => (at === 0 ? word : ` ${word}`));
const calling = (name: string, args: object) => [
  `<tool_call>{"name":"${name}",`,
  `"arguments":${JSON.stringify(args)}}</tool_call>`,
];
const COMMAND = { cmd: 'echo $((6 * 7))' };

/** As chat templates do, it ends the prompt with a marker of what the assistant does next. */
const TEMPLATE = `<s>{% if tools %}<|tools|>{{ tools | tojson }}{% endif %}{% for message in messages -%}
<|{{ message.role }}|>{{ message.content }}
{%- for call in message.tool_calls or [] %}<tool_call>{{ call.function | tojson }}</tool_call>{% endfor %}
{%- endfor -%}
{%- set last = messages[-1] -%}
{%- if last.role == 'tool' %}<|after-call|>
{%- elif 'poem' in last.content %}<|poem|>
{%- elif tools and tools[0].function.name == 'get_weather' %}<|weather|>
{%- elif 'command' in last.content %}<|command|>
{%- else %}<|count|>{% endif %}`;

const MODEL = tinyModel({
  template: TEMPLATE,
  markers: ['<|tools|>', '<|system|>', '<|user|>', '<|assistant|>', '<|tool|>'],
  answers: {
    '<|count|>': { pieces: piecesOf(NUMBERS) },
    '<|poem|>': { pieces: ['tick', ' tock'], isEndless: true },
    '<|command|>': { pieces: calling('exec_command', COMMAND) },
    '<|weather|>': { pieces: calling('get_weather', { city: 'Oslo' }) },
    '<|after-call|>': { pieces: ['it is', ' done', ' quixotically'] },
  },
  words: ['word'],
});

interface Slot {
  readonly is_processing: boolean;
  readonly n_decoded: number;
  readonly requests: readonly { readonly prompt: number; readonly cached: number }[];
}

const home = tempDir();
const repo = gitRepository();
const server = await startServer();
const url = server.url ?? '';

/**
 * Its address, or why there is none here. Where it has to be there, as in continuous integration, its absence is a failure: npm skips
 * a build for the machine that it can't fetch and says nothing.
 */
async function startServer(): Promise<{ url: string | null; whyNot: string; stop(): void }> {
  const server = await serverIfAny();
  const { CI, KEEL_REAL_SERVER } = process.env;
  if (server.url === null && (CI || KEEL_REAL_SERVER === 'required')) {
    throw new Error(`llama.cpp has to be tested here, and is not there: ${server.whyNot}`);
  }
  return server;
}

async function serverIfAny(): Promise<{ url: string | null; whyNot: string; stop(): void }> {
  const nothing = { url: null, stop: () => undefined };
  if (!existsSync(join(SERVER, 'node_modules/node-llama-cpp')))
    return { ...nothing, whyNot: 'not installed: npm ci --ignore-scripts in test/real-server' };
  writeFileSync(join(home.path, 'tiny.gguf'), MODEL);
  const args = [join(SERVER, 'server.js'), join(home.path, 'tiny.gguf')];
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const { promise, resolve, reject } = Promise.withResolvers<string | null>();
  child.stdout.setEncoding('utf8').once('data', (line: string) => resolve(line.trim()));
  child.once('exit', (code) => {
    if (code === NO_BINARY) resolve(null);
    else reject(new Error(`the server ended with ${code}`));
  });
  return {
    url: await promise,
    whyNot: `llama.cpp has no build for ${process.platform} ${process.arch}, or npm could not fetch it`,
    stop: () => void child.kill(),
  };
}

async function slot(): Promise<Slot> {
  const response = await fetch(url.replace('/v1', '/slots'));
  const slots: unknown = await response.json();
  if (!Array.isArray(slots)) throw new Error('no slots');
  return slots[0];
}

const keel = (...args: string[]): Promise<KeelRun> => runKeel(args, { home: home.path, cwd: repo.path, url });

home.write({
  'config.toml': `model_provider = "llamacpp"\nmodel = "tiny"\nsandbox_mode = "danger-full-access"\n[model_providers.llamacpp]\nbase_url = "${url}"\n`,
});
const name = `a real server: llama.cpp with a tiny model${server.url === null ? ` (${server.whyNot})` : ''}`;

afterAll(() => {
  server.stop();
  home[Symbol.dispose]();
  repo[Symbol.dispose]();
});

describe.skipIf(server.url === null)(name, { timeout: 60_000 }, () => {
  test('it answers, and its own count of the tokens is keel’s', async () => {
    const run = await keel('exec', '--json', 'please count');
    expect(run).toMatchObject({ code: 0 });
    const lines = jsonLines(run.stdout);
    expect(lines).toContainEqual(expect.objectContaining({ item: expect.objectContaining({ text: COUNTED }) }));
    const { requests } = await slot();
    const usage = { input_tokens: requests.at(-1)?.prompt, output_tokens: NUMBERS.length };
    expect(lines.at(-1)).toMatchObject({ type: 'turn.completed', usage });
  });

  test('a command that it calls runs, and the next request extends the one that it has in its cache', async () => {
    const run = await keel('exec', 'run the command');
    expect(run).toMatchObject({ code: 0, stdout: 'it is done quixotically\n' });
    expect(run.stderr).toContain('42');
    const [first, second] = (await slot()).requests.slice(-2);
    expect(second?.cached).toBeGreaterThanOrEqual((first?.prompt ?? Number.NaN) - 1);
  });

  test('an interrupt ends its work in the middle of an answer', async () => {
    const run = startKeel(['exec', 'write a poem'], { home: home.path, cwd: repo.path, url });
    await untilAsync(async () => (await slot()).n_decoded > 20);
    run.child.kill('SIGINT');
    await untilAsync(async () => !(await slot()).is_processing);
    expect((await run.ended).code).not.toBe(0);
    expect(await keel('exec', 'please count')).toMatchObject({ code: 0, stdout: `${COUNTED}\n` });
  });

  test('a long prompt is answered; one beyond its context is refused with its size', async () => {
    const words = (count: number) => ' word'.repeat(count);
    expect(await keel('exec', `count these:${words(6_000)}`)).toMatchObject({ code: 0, stdout: `${COUNTED}\n` });
    expect((await slot()).requests.at(-1)?.prompt).toBeGreaterThan(6_000);
    const tooLong = await keel('exec', `count these:${words(17_000)}`);
    expect(tooLong.code).toBe(1);
    expect(tooLong.stderr).toContain('compacted: ');
    expect(tooLong.stderr).toContain('exceeds the available context size (16384 tokens)');
  });

  test('keel provider test says what of it works', async () => {
    const run = await keel('provider', 'test', '--json');
    const { usable, findings } = JSON.parse(run.stdout);
    const states = findings.map(({ check, state }: { check: string; state: string }) => [check, state]);
    expect(Object.fromEntries(states)).toEqual({
      ...{ text: 'works', stream: 'works', tools: 'works', usage: 'works', cancel: 'works' },
      // What the model is too small for, and what llama.cpp does not refuse.
      ...{ 'parallel tools': 'partly', freeform: 'partly', images: 'partly', reasoning: 'partly' },
      ...{ 'long output': 'partly', 'bad request': 'partly' },
    });
    expect({ usable, code: run.code }).toEqual({ usable: true, code: 0 });
  });
});

async function untilAsync(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await delay(5);
}
