import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { functionCall, message, respond, startModelServer, usage } from '../../src/testing/index.ts';
import { freshPlaces } from '../support/fresh-places.ts';
import { runKeel } from '../support/keel.ts';
import { startOtlpReceiver } from '../support/otlp-receiver.ts';

const places = freshPlaces();
const root = join(import.meta.dirname, '../..');
const done = respond(message('ok'), usage({ input: 10, output: 1 }));
const on = ['-c', 'otel.exporter="otlp-http"'];

async function exec(args: readonly string[], env: Readonly<Record<string, string>>, script = [done]) {
  await using model = await startModelServer(script);
  const place = { home: places.home.path, cwd: places.repo.path, url: model.url, env };
  return { run: await runKeel(['exec', ...args, 'go'], place), model };
}

test('the standard variables name the collector of a run that reports, and its headers are no command’s to see', async () => {
  await using receiver = await startOtlpReceiver();
  const printEnv = respond(functionCall('shell', { command: ['bash', '-c', 'env'] }, 'c1'));
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    OTEL_EXPORTER_OTLP_HEADERS: 'x-team=blue-team-token',
    OTEL_RESOURCE_ATTRIBUTES: 'team=blue',
    OTEL_SERVICE_NAME: 'nightly',
    TRACEPARENT: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  };
  const { run, model } = await exec(on, env, [printEnv, done]);
  expect(run).toMatchObject({ code: 0, stdout: 'ok\n' });
  expect(receiver.bodies[0]?.headers).toMatchObject({ 'x-team': 'blue-team-token' });
  expect(receiver.resources()[0]).toMatchObject({ 'service.name': 'nightly', team: 'blue' });
  const [turn] = receiver.spans().filter(({ name }) => name === 'invoke_agent keel');
  expect(turn?.traceId).toBe('0af7651916cd43dd8448eb211c80319c');
  expect(model.requests[1]?.outputOf('c1')).toContain('PATH=');
  expect(model.requests[1]?.outputOf('c1')).not.toContain('blue-team-token');
});

test('the variables alone switch nothing on', async () => {
  await using receiver = await startOtlpReceiver();
  const { run } = await exec([], { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url });
  expect(run.code).toBe(0);
  expect(receiver.bodies).toEqual([]);
});

test('a collector that is away costs a run nothing that anybody sees', async () => {
  const { run } = await exec(on, { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${await closedPort()}` });
  expect(run).toMatchObject({ code: 0, stdout: 'ok\n' });
  expect(run.stderr).not.toMatch(/otel|telemetry|ECONNREFUSED/i);
});

test('a collector that never answers does not keep a run from its end', async () => {
  await using receiver = await startOtlpReceiver('hang');
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url };
  const startedAt = performance.now();
  const { run } = await exec(on, env);
  expect(run).toMatchObject({ code: 0, stdout: 'ok\n' });
  expect(receiver.bodies.length).toBeGreaterThan(0);
  // Far above what the exit waits for a collector, half a second; below the ten seconds of an export by the library's default.
  expect(performance.now() - startedAt).toBeLessThan(9_000);
});

test('examples/collector.mjs prints what keel reports', async () => {
  const child = spawn(process.execPath, [join(root, 'examples/collector.mjs')], { env: { PORT: '0' } });
  try {
    let printed = '';
    const { promise: address, resolve } = Promise.withResolvers<string>();
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
      const [, url] = /listening on (\S+)/.exec(printed) ?? [];
      if (url !== undefined) resolve(url);
    });
    const { run } = await exec([...on, '-c', `otel.endpoint="${await address}"`], {});
    expect(run.code).toBe(0);
    expect(printed).toMatch(/^span {3}chat .*gen_ai\.usage\.input_tokens=10/m);
    expect(printed).toMatch(/^log {4}keel\.user_prompt .*prompt=\[REDACTED\]/m);
    expect(printed).toMatch(/^metric gen_ai\.client\.token\.usage 10 /m);
  } finally {
    child.kill();
  }
});

test('no file of a start has anything of OpenTelemetry', () => {
  const cli = readFileSync(join(root, 'dist/cli.cjs'), 'utf8');
  const started = [...cli.matchAll(/require\(["'`]\.\/([^"'`]+)["'`]\)/g)].map(([, file = '']) => file);
  const withIt = readdirSync(join(root, 'dist')).filter(
    (file) => file.endsWith('.cjs') && readFileSync(join(root, 'dist', file), 'utf8').includes('resourceSpans'),
  );
  expect(withIt).toEqual([expect.stringMatching(/^collector-/)]);
  expect(started.length).toBeGreaterThan(0);
  for (const file of withIt) expect(started).not.toContain(file);
});

/** A port on which nobody listens. */
async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  await new Promise((resolve) => {
    server.close(resolve);
  });
  return typeof address === 'object' && address !== null ? address.port : 1;
}
