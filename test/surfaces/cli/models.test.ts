import { createServer, type Server } from 'node:http';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runCommandLine } from '../../support/programs/resident-keel.ts';
import { gitRepository, keelHome, type TempDir } from '../../support/temp-dir.ts';

let home: TempDir;
let repo: TempDir;
let server: Server;
let url: string;
const asked: { path: string; key: string }[] = [];
let answer: { status: number; body: string } | null;
beforeEach(async () => {
  home = keelHome();
  repo = gitRepository();
  asked.length = 0;
  server = createServer((request, response) => {
    asked.push({
      path: request.url ?? '',
      key: String(request.headers['authorization'] ?? request.headers['x-api-key']),
    });
    if (answer === null) return;
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(answer.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  url = `http://127.0.0.1:${port}/v1`;
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
  home[Symbol.dispose]();
  repo[Symbol.dispose]();
});

const keel = (...args: string[]) => runCommandLine(args, { home: home.path, cwd: repo.path, url });

test('models are those of the settings, the price list and the provider, which are marked', async () => {
  const data = [{ id: 'gpt-5' }, { id: 'house-1', max_model_len: 32_768, capabilities: { function_calling: false } }];
  answer = { status: 200, body: JSON.stringify({ object: 'list', data }) };
  const settings = ['-c', 'model="gpt-5"', '-c', 'models.own-1={context_window=1000, tools=false}'];
  const { stdout, code } = await keel('models', '--json', ...settings, '-c', 'model_prices.own-1={input=1,output=2}');
  expect(code).toBe(0);
  expect(asked).toEqual([{ path: '/v1/models', key: 'Bearer sk-test-secret-1234567890' }]);
  expect(JSON.parse(stdout).models).toMatchObject([
    { name: 'gpt-5', configured: true, listed: true, context_window: 272_000, tools: true, price: null },
    { name: 'house-1', configured: false, listed: true, context_window: 32_768, tools: false },
    { name: 'own-1', listed: false, context_window: 1_000, tools: false, price: { input: 1, output: 2 } },
  ]);
  const shown = (await keel('models', ...settings)).stdout;
  expect(shown).toMatch(/\* gpt-5 +yes +gpt-5 +272,000 +128,000 +yes +yes +minimal-high/);
  expect(shown.split('\n').filter((line) => line.length > 80)).toEqual([]);
});

test('a provider that can not be asked is said to be so, with what keel knows by itself', async () => {
  answer = { status: 401, body: JSON.stringify({ error: { message: 'bad key sk-test-secret-1234567890' } }) };
  const refused = await keel('models');
  expect([refused.code, refused.stdout]).toEqual([0, expect.stringMatching(/\* gpt-5-codex +\? /)]);
  expect(refused.stderr).toMatch(/has is not known: .*did not accept the credentials/);
  expect(refused.stderr).not.toContain('sk-test-secret');
  expect((await keel('models', '--offline')).stderr).toContain('it was not asked');
  answer = null;
  expect((await keel('models')).stderr).toContain('no answer within 5 s');
});

test('the list of models fits 80 columns, also where names are long; what is left out is in --json', async () => {
  const long = 'an-organisation/a-model-with-a-name-of-fifty-characters';
  answer = { status: 200, body: JSON.stringify({ object: 'list', data: [{ id: long }] }) };
  const { stdout } = await keel('models');
  expect(stdout).toContain(long);
  expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
  expect(stdout).toMatch(/^model +listed .*price$/m);
});

test('a model that takes no tools is refused before anything is sent; the setting allows it', async () => {
  answer = { status: 400, body: '{}' };
  const refused = await keel('exec', '-m', 'gpt-3.5-turbo-instruct', 'hi');
  expect([refused.code, asked.length]).toEqual([1, 0]);
  expect(refused.stderr).toContain("gpt-3.5-turbo-instruct can't call tools");
  await keel('exec', '-m', 'gpt-3.5-turbo-instruct', '-c', 'models."gpt-3.5-turbo-instruct".tools=true', 'hi');
  expect(asked.length).toBeGreaterThan(0);
});
