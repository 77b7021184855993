import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { message, respond, startModelServer } from '../../../src/testing/index.ts';
import { freshPlaces } from '../../support/fresh-places.ts';
import { startLocalModels } from '../../support/local-models.ts';
import { KEY, TuiRun } from '../../support/programs/tui.ts';

const places = freshPlaces();
// Each test starts the program once or twice, on a machine that may be busy.
vi.setConfig({ testTimeout: 90_000 });

/** No key, and no server of models but the given one. */
function start(url: string, local = 'http://127.0.0.1:9', args: readonly string[] = []): TuiRun {
  const env = { OPENAI_API_KEY: '', CODEX_OSS_BASE_URL: local };
  return new TuiRun(args, { home: places.home.path, cwd: places.repo.path, url, env });
}

test('a new user enters a key, trusts the folder and works; the key is stored and never shown', async () => {
  await using server = await startModelServer([respond(message('Hello.'))]);
  await using run = start(server.url);
  await run.sees('How should keel reach a model?');
  run.type(KEY.enter);
  await run.sees('It is not shown.');
  await run.typeSlowly('sk-new-key');
  await run.sees('••••••••••');
  run.type(KEY.enter);
  await run.sees('Do you trust what is in');
  run.type('1');
  await run.sees('directory:');
  run.type('hi\r');
  await run.sees('Hello.');
  expect(server.requests[0]?.headers['authorization']).toBe('Bearer sk-new-key');
  expect(run.bytes).not.toContain('sk-new');
  const path = join(places.home.path, 'auth.json');
  expect(readFileSync(path, 'utf8')).toContain('sk-new-key');
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test('a server of models on this machine is found, and kept for later starts', async () => {
  await using server = await startModelServer([respond(message('From this machine.'))]);
  const models = JSON.stringify({ models: [{ name: 'tiny:1b' }] });
  await using local = await startLocalModels(
    { '/api/version': '{"version":"0.13.5"}', '/api/tags': models },
    server.url,
  );
  await using run = start(server.url, `${local.root}/v1`);
  await run.sees('Use Ollama 0.13.5 on this machine');
  run.type('2');
  await run.sees('Which model?');
  run.type('1');
  await run.sees('Do you trust what is in');
  run.type('1');
  await run.sees('tiny:1b');
  run.type('hi\r');
  await run.sees('From this machine.');
  const settings = readFileSync(join(places.home.path, 'config.toml'), 'utf8');
  expect(settings).toMatch(/^model = "tiny:1b"\nmodel_provider = "ollama"\n/);
});

test('the demo needs neither', async () => {
  await using run = start('http://127.0.0.1:9');
  await run.sees('How should keel reach a model?');
  run.type('2');
  await run.sees('This is a demo');
  await run.sees('directory:');
  run.type('/quit\r');
  expect(await run.ended).toEqual({ code: 0, signal: 0 });
});

test('where the terminal shows what is typed no key is asked for', async () => {
  await using run = start('http://127.0.0.1:9', 'http://127.0.0.1:9', ['--screen-reader']);
  await run.sees('How should keel reach a model?');
  await run.sees('keel login');
  await run.sees('1. Try the demo');
  expect(run.everything()).not.toContain('Enter an API key');
});
