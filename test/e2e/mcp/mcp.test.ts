import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  functionCall,
  type ModelServer,
  message,
  respond,
  type Script,
  startModelServer,
  usage,
} from '../../../src/testing/index.ts';
import {
  jsonLines,
  type KeelRun,
  type LiveKeel,
  processesWith,
  runKeel,
  startKeel,
  until,
} from '../../support/keel.ts';
import { mcpServer, stdioServer } from '../../support/mcp/settings.ts';
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

const ok = respond(message('ok'), usage({ input: 10, output: 1 }));
const calls = (name: string, args: object = {}) => respond(functionCall(name, args, 'call_1'));
const running = () => processesWith(`HOME=${home.path}`);

function start(args: readonly string[], settings: readonly string[], env: Record<string, string> = {}): LiveKeel {
  const all = ['exec', '--json', ...settings.flatMap((setting) => ['-c', setting]), ...args];
  const live = startKeel(all, { home: home.path, cwd: repo.path, url: server.url, env });
  live.child.stdin.end();
  return live;
}

async function exec(script: Script, settings: readonly string[], env: Record<string, string> = {}): Promise<KeelRun> {
  server = await startModelServer(script);
  return start(['go'], settings, env).ended;
}

test('protocol 22: a server that fails to start is an error item; the run succeeds, exit 0', async () => {
  const run = await exec([ok], [stdioServer('quitter', ['exit'])]);
  const lines = jsonLines(run.stdout);
  expect(run.code).toBe(0);
  expect(lines.at(-1)?.type).toBe('turn.completed');
  expect(lines.find(({ item }) => item?.type === 'error')).toEqual({
    type: 'item.completed',
    item: {
      id: 'item_0',
      type: 'error',
      message: 'MCP server quitter could not be started: it ended with exit code 3: no licence found',
    },
  });
});

test('a server that never answers is reported before the request, with the likely cause and its cures', async () => {
  const npx = join(home.path, 'npx');
  writeFileSync(npx, '#!/bin/sh\nexec sleep 100\n', { mode: 0o755 });
  const settings = [
    mcpServer('docs', { command: npx, args: ['-y', 'docs-server'] }),
    stdioServer('deaf', ['hang'], { sandbox: 'danger-full-access' }),
    'mcp_startup_wait_sec=0.4',
  ];
  const late = (name: string) =>
    `MCP server ${name} has not answered in 0.4 s (mcp_startup_wait_sec), and the turn starts without its tools`;
  const cause =
    '. It has no network in the sandbox, and npx can\'t fetch a package there: in [mcp_servers.docs] set network_access = true, or sandbox = "danger-full-access" to run it unconfined.';
  const run = await exec([ok], settings);
  const lines = jsonLines(run.stdout);
  expect(run.code).toBe(0);
  const errors = lines.flatMap(({ item }) => (item?.type === 'error' ? [item['message']] : []));
  expect(errors.sort()).toEqual([late('deaf'), `${late('docs')}${cause}`]);
  await server.close();
  server = await startModelServer([ok]);
  const args = ['exec', ...settings.flatMap((setting) => ['-c', setting]), 'go'];
  const { stderr } = await runKeel(args, { home: home.path, cwd: repo.path, url: server.url });
  expect(stderr).toContain(`warning: ${late('docs')}${cause}\n`);
  expect(running()).toEqual([]);
});

test('a call is printed when it starts and when it ends', async () => {
  const run = await exec([calls('mcp__notes__echo', { text: 'x' }), ok], [stdioServer('notes')]);
  const items = jsonLines(run.stdout).filter(({ item }) => item?.type === 'mcp_tool_call');
  const call = { id: 'item_1', type: 'mcp_tool_call', server: 'notes', tool: 'echo', arguments: { text: 'x' } };
  expect(items).toEqual([
    { type: 'item.started', item: { ...call, status: 'in_progress', result: null, error: null } },
    {
      type: 'item.completed',
      item: {
        ...call,
        status: 'completed',
        result: { content: [{ type: 'text', text: 'echo: x' }], structured_content: null },
        error: null,
      },
    },
  ]);
  expect(run.stderr).toBe('');
  expect(running()).toEqual([]);
});

test('what talks to servers is loaded only where there is one', async () => {
  const coverage = join(home.path, 'coverage');
  const loaded = () =>
    readdirSync(coverage).some((name) => readFileSync(join(coverage, name), 'utf8').includes('/dist/open-client-'));
  await exec([ok], [stdioServer('off', [], { enabled: false })], { NODE_V8_COVERAGE: coverage });
  expect(loaded()).toBe(false);
  await server.close();
  await exec([ok], [stdioServer('notes')], { NODE_V8_COVERAGE: coverage });
  expect(loaded()).toBe(true);
});

test.each(['stubborn', 'spawn'])('SIGTERM: no server is left, whatever it does (%s)', async (mode) => {
  server = await startModelServer([calls('mcp__notes__sleep', { ms: 60_000 })]);
  const live = start(['-s', 'danger-full-access', 'go'], [stdioServer('notes', [mode])]);
  await until(() => live.stdout().includes('mcp_tool_call'));
  live.child.kill('SIGTERM');
  expect((await live.ended).code).toBe(143);
  await until(() => running().length === 0);
});

test('a signal while a server is being waited for ends the run at once', async () => {
  server = await startModelServer([ok]);
  const live = start(['go'], [stdioServer('deaf', ['hang'], { startup_timeout_sec: 60 })]);
  await until(() => live.stdout().includes('turn.started') && running().length > 1);
  const begun = performance.now();
  live.child.kill('SIGINT');
  expect((await live.ended).code).toBe(130);
  expect(performance.now() - begun).toBeLessThan(30_000);
  expect(running()).toEqual([]);
});

test('what a server listed last is part of the request that `keel debug` shows; none is started for it', async () => {
  const setting = stdioServer('notes', ['count', join(home.path, 'starts')]);
  await exec([ok], [setting, 'sandbox_mode="danger-full-access"']);
  const options = { home: home.path, cwd: repo.path, url: server.url };
  const shown = await runKeel(['debug', 'prompt-input', '-c', setting, 'go'], options);
  expect(shown.stdout).toContain('mcp__notes__echo');
  expect(readFileSync(join(home.path, 'starts'), 'utf8')).toBe('.');
});

test('kill -9: a confined server ends with keel', async () => {
  server = await startModelServer([calls('mcp__notes__sleep', { ms: 60_000 })]);
  const live = start(['-s', 'workspace-write', 'go'], [stdioServer('notes', ['stubborn'])]);
  await until(() => live.stdout().includes('mcp_tool_call'));
  live.child.kill('SIGKILL');
  await live.ended;
  await until(() => running().length === 0);
});

test('kill -9 in a call: its outcome is reported as unknown and it is not made again; what was left running is ended', async () => {
  const path = join(home.path, 'notes');
  server = await startModelServer([calls('mcp__notes__note_and_wait', { path }), ok]);
  const settings = [stdioServer('notes', ['spawn'])];
  const live = start(['-s', 'danger-full-access', 'go'], settings);
  await until(() => existsSync(path));
  live.child.kill('SIGKILL');
  const id = String(jsonLines((await live.ended).stdout)[0]?.['thread_id']);
  const left = running();
  expect(left).not.toEqual([]);
  expect((await start(['-s', 'danger-full-access', 'resume', id], settings).ended).code).toBe(0);
  expect(server.requests.at(-1)?.outputOf('call_1')).toMatch(/^unknown outcome: keel was stopped/);
  expect(readFileSync(path, 'utf8')).toBe('noted\n');
  expect(running()).toEqual([]);
});
