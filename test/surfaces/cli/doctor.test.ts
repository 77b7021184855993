import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { commands, loadTerminal } from '../../../src/surfaces/cli/commands.ts';
import { freshPlaces } from '../../support/fresh-places.ts';
import { mcpServer, stdioServer } from '../../support/mcp/settings.ts';

interface Finding {
  readonly name: string;
  readonly state: 'ok' | 'note' | 'missing';
  readonly detail: string;
  readonly fix?: string;
}

const timeout = 60_000;
const { home, repo } = freshPlaces();
/** What the provider, or the proxy, answers. */
let status: number;
let asked: (string | undefined)[];
let server: Server;
let url: string;

beforeEach(async () => {
  [status, asked] = [200, []];
  server = createServer(({ url: path }, response) => {
    asked.push(path);
    response.writeHead(status, { 'content-type': 'application/json' }).end('{"data":[]}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/v1`;
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

async function doctor(words: readonly string[] = [], env: Readonly<Record<string, string>> = {}) {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  const own = {
    PATH: process.env['PATH'],
    HOME: home.path,
    KEEL_HOME: home.path,
    OPENAI_BASE_URL: url,
    OPENAI_API_KEY: 'sk-secret-123456',
  };
  const io = { env: { ...own, ...env }, cwd: repo.path, stdin, stdout, stderr };
  const command = await commands['doctor']?.load();
  const code = await command?.run(io, ['--json', ...words], { commands, loadTerminal }).finally(() => stdout.end());
  const printed = await text(stdout);
  expect(printed).not.toContain('sk-secret');
  const findings: readonly Finding[] = JSON.parse(printed);
  return { code, about: (name: string) => findings.find((finding) => finding.name === name), findings };
}

test('a sound machine: the provider answers, servers start, the work tree is small', {
  timeout,
}, async () => {
  repo.write({ 'new.txt': '1' });
  const { code, about } = await doctor(['-c', stdioServer('notes')]);
  expect(code).toBe(0);
  expect(asked).toEqual(['/v1/models']);
  expect(about('provider')).toMatchObject({
    state: 'ok',
    detail: expect.stringMatching(/^127\.0\.0\.1:\d+ answers within \d+ ms$/),
  });
  expect(about('credentials')).toMatchObject({ state: 'ok', detail: 'the environment variable OPENAI_API_KEY' });
  expect(about('MCP server notes')).toMatchObject({
    state: 'ok',
    detail: expect.stringMatching(/^started, \d+ tools?$/),
  });
  expect(about('login files')).toBeDefined();
  expect(about('work tree')).toMatchObject({ state: 'ok', detail: '0 changed, 1 neither tracked nor ignored' });
  expect(about('proxy')).toBeUndefined();
});

test('what is wrong is named with what to do about it, and nothing of it keeps keel from working', {
  timeout,
}, async () => {
  status = 401;
  home.write({ '.bash_profile': 'sleep 1.1\n', '.profile': 'sleep 1.1\n' });
  repo.write(Object.fromEntries(Array.from({ length: 1_001 }, (_, at) => [`made/${at}`, ''])));
  const { code, about } = await doctor(['-c', mcpServer('gone', { command: 'there-is-no-such-server' })], {
    SHELL: '/bin/bash',
  });
  expect(code).toBe(0);
  expect(about('provider')).toMatchObject({
    state: 'note',
    detail: expect.stringContaining('does not accept the key (HTTP 401)'),
    fix: expect.stringContaining('keel login'),
  });
  expect(about('MCP server gone')).toMatchObject({
    state: 'note',
    fix: expect.stringContaining('run there-is-no-such-server by hand'),
  });
  expect(about('login files')).toMatchObject({ state: 'note', fix: expect.stringContaining('shorten them') });
  expect(about('work tree')).toMatchObject({
    state: 'note',
    detail: '0 changed, 1001 neither tracked nor ignored',
    fix: expect.stringContaining('.gitignore'),
  });
});

test('a proxy that wants a name, and a provider that is not there', { timeout }, async () => {
  status = 407;
  const behind = await doctor([], { OPENAI_BASE_URL: 'http://model.example/v1', HTTP_PROXY: url.replace('/v1', '') });
  expect(behind.about('proxy')).toMatchObject({
    state: 'ok',
    detail: expect.stringContaining('the model is reached through'),
  });
  expect(behind.about('provider')).toMatchObject({
    state: 'note',
    detail: 'the proxy wants a name and a password',
    fix: expect.stringContaining('http://NAME:PASSWORD@HOST:PORT'),
  });
  const { about } = await doctor([], { OPENAI_BASE_URL: 'http://127.0.0.1:1/v1', OPENAI_API_KEY: '' });
  expect(about('provider')).toMatchObject({
    state: 'note',
    detail: expect.stringContaining("127.0.0.1:1 can't be reached"),
    fix: expect.stringContaining('base_url'),
  });
  expect(about('credentials')).toMatchObject({ state: 'note', fix: expect.stringContaining('keel login') });
});

test('--offline asks nobody and starts nothing; what keel can not work without ends with exit code 1', {
  timeout,
}, async () => {
  home.write({ 'a-file': '' });
  const { code, about, findings } = await doctor(['--offline', '-c', stdioServer('notes')], { KEEL_HOME: '' });
  expect([code, asked, about('provider'), about('MCP server notes')]).toEqual([0, [], undefined, undefined]);
  expect(findings.map(({ name }) => name)).toContain('sandbox');
  const broken = await doctor(['--offline', '-c', 'sandbox_mode="rw"']);
  expect([broken.code, broken.about('configuration')?.state]).toEqual([1, 'missing']);
  const homeless = await doctor(['--offline'], { KEEL_HOME: join(home.path, 'a-file/below') });
  expect(homeless.code).toBe(1);
});
