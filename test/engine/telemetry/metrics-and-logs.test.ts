import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { functionCall, message, respond, usage } from '../../../src/testing/index.ts';
import { freshPlaces } from '../../support/fresh-places.ts';
import { startOtlpReceiver } from '../../support/otlp-receiver.ts';
import { linesOf, runThreads } from './run.ts';

const places = freshPlaces();
const SECRET = 'collector-key-5f2e';
const shell = (script: string, id: string) => functionCall('shell', { command: ['bash', '-c', script] }, id);
const calls = respond(shell('echo seen-by-the-model', 'c1'), usage({ input: 1_000, cached: 400, output: 50 }));
const done = respond(message('done'), usage({ input: 2_000, output: 20 }));
const otel = (url: string, more = '') => `otel={ exporter = "otlp-http", endpoint = "${url}"${more} }`;
const price = 'model_prices.known={ input = 1.0, output = 2.0 }';

test('tokens, cost and durations are measured, by model and by tool', async () => {
  await using receiver = await startOtlpReceiver();
  await runThreads({ ...places, script: [calls, done], overrides: [otel(receiver.url), 'model="known"', price] });
  const points = receiver.points();
  const sumOf = (name: string, type?: string) =>
    points
      .filter((point) => point.name === name && (type === undefined || point.attributes['gen_ai.token.type'] === type))
      .reduce((sum, point) => sum + (point.sum ?? 0), 0);
  expect(sumOf('gen_ai.client.token.usage', 'input')).toBe(3_000);
  expect(sumOf('gen_ai.client.token.usage', 'cached_input')).toBe(400);
  expect(sumOf('gen_ai.client.token.usage', 'output')).toBe(70);
  expect(sumOf('keel.cost')).toBeCloseTo(3_000 / 1e6 + (70 * 2) / 1e6, 6);
  expect(points.find(({ name }) => name === 'keel.tool.duration')?.attributes).toEqual({
    'gen_ai.tool.name': 'command',
    'keel.tool.outcome': 'completed',
  });
  expect(sumOf('keel.turn.duration')).toBeGreaterThan(0);
  expect(points.map(({ name }) => name)).toContain('gen_ai.client.operation.duration');
});

test('the events of a thread are log records in its trace, without what was said', async () => {
  await using receiver = await startOtlpReceiver();
  await runThreads({ ...places, script: [calls, done], overrides: [otel(receiver.url)], prompts: ['find the bug'] });
  const logs = receiver.logs();
  expect(logs.map(({ eventName }) => eventName)).toEqual([
    'keel.conversation_starts',
    'keel.turn_starts',
    'keel.user_prompt',
    'keel.api_request',
    'keel.tool_result',
    'keel.api_request',
    'keel.turn_ends',
    'keel.conversation_ends',
  ]);
  const prompt = logs.find(({ eventName }) => eventName === 'keel.user_prompt');
  expect(prompt?.attributes).toMatchObject({ prompt: '[REDACTED]', prompt_length: 12 });
  const [turn] = receiver.spans().filter(({ name }) => name === 'invoke_agent keel');
  expect(prompt).toMatchObject({ traceId: turn?.traceId, spanId: turn?.spanId });
  const text = receiver.bodies.map((body) => body.text).join();
  for (const content of ['find the bug', 'seen-by-the-model']) expect(text).not.toContain(content);
});

test('what was said is reported where the settings ask for it, without secrets', async () => {
  await using receiver = await startOtlpReceiver();
  const asked = ', log_user_prompt = true, log_tool_output = true';
  await runThreads({
    ...places,
    script: [calls, done],
    overrides: [otel(receiver.url, asked)],
    prompts: ['use sk-of-the-provider please'],
  });
  const [prompt] = receiver.logs().filter(({ eventName }) => eventName === 'keel.user_prompt');
  expect(prompt?.attributes['prompt']).toBe('use *** please');
  const [result] = receiver.logs().filter(({ eventName }) => eventName === 'keel.tool_result');
  expect(result?.attributes).toMatchObject({ output: 'seen-by-the-model\n', call_id: 'c1', success: true });
});

test('headers come from the settings and from named variables, and are seen by no command and in no log', async () => {
  await using receiver = await startOtlpReceiver();
  const more =
    ', headers = { "x-team" = "blue-team-token" }, env_headers = { "x-key" = "COLLECTOR" }, environment = "ci"';
  const events = await runThreads({
    ...places,
    script: [respond(shell('env', 'c1')), done],
    overrides: [otel(receiver.url, more), 'log_level="debug"'],
    env: { COLLECTOR: SECRET },
  });
  for (const { headers } of receiver.bodies)
    expect(headers).toMatchObject({ 'x-team': 'blue-team-token', 'x-key': SECRET });
  expect(new Set(receiver.bodies.map(({ path }) => path))).toEqual(new Set(['/v1/traces', '/v1/metrics', '/v1/logs']));
  expect(receiver.resources()[0]).toMatchObject({
    'service.name': 'keel_test',
    'deployment.environment.name': 'ci',
    'service.version': expect.any(String),
  });
  expect(JSON.stringify(events)).not.toContain(SECRET);
});

test('the address may be that of one signal, as files for the Codex CLI have it', async () => {
  await using receiver = await startOtlpReceiver();
  const codex = `otel={ exporter = { otlp-http = { endpoint = "${receiver.url}/v1/logs", headers = { a = "b" }, protocol = "json" } } }`;
  const events = await runThreads({ ...places, script: [done], overrides: [codex] });
  expect(new Set(receiver.bodies.map(({ path }) => path))).toEqual(new Set(['/v1/traces', '/v1/metrics', '/v1/logs']));
  expect(events.filter(({ type }) => type === 'warning')).toEqual([]);
});

test.each(['refuse', 'hang'] as const)('a collector that %ss changes nothing of a run', async (what) => {
  await using receiver = await startOtlpReceiver(what);
  const events = await runThreads({ ...places, script: [done], overrides: [otel(receiver.url)] });
  expect(events.filter(({ type }) => type === 'warning' || type === 'error')).toEqual([]);
  expect(events.at(-1)).toMatchObject({ type: 'turn.completed', status: 'completed' });
});

test('at the level debug the events of a thread are in the log, without what was said', async () => {
  const file = join(places.home.path, 'elsewhere', 'events.log');
  const overrides = ['log_level="debug"', `log_file="${file}"`];
  await runThreads({ ...places, script: [done], overrides, prompts: ['find the bug'] });
  const lines = linesOf(file).filter(({ level }) => level === 'debug');
  expect(lines.map((line) => line['message'])).toEqual([
    'keel.conversation_starts',
    'keel.turn_starts',
    'keel.user_prompt',
    'keel.api_request',
    'keel.turn_ends',
    'keel.conversation_ends',
  ]);
  expect(lines[3]).toMatchObject({ input_token_count: 2_000, output_token_count: 20 });
  expect(readFileSync(file, 'utf8')).not.toContain('find the bug');
  expect(existsSync(join(places.home.path, 'log', 'keel.log'))).toBe(false);
});

test('KEEL_LOG is the level of one run', async () => {
  const file = join(places.home.path, 'log', 'keel.log');
  await runThreads({ ...places, script: [done], overrides: [], env: { KEEL_LOG: 'debug' } });
  expect(linesOf(file).map((line) => line['message'])).toContain('keel.turn_ends');
  const wrong = runThreads({ ...places, script: [done], overrides: [], env: { KEEL_LOG: 'loud' } });
  await expect(wrong).rejects.toThrow('KEEL_LOG = "loud": expected off, error, warn, info or debug');
});

test('a batch that a collector refuses is one line in the log, without the secrets of the settings', async () => {
  await using receiver = await startOtlpReceiver('refuse');
  const more = ', headers = { "x-team" = "blue-team-token" }';
  await runThreads({ ...places, script: [done], overrides: [otel(receiver.url, more)] });
  const lines = linesOf(join(places.home.path, 'log', 'keel.log'));
  expect(lines).toMatchObject([{ level: 'warn', message: expect.stringContaining('telemetry was not delivered') }]);
  expect(JSON.stringify(lines)).not.toContain('blue-team-token');
});
