import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { functionCall, message, respond, startModelServer, usage } from '../../../src/testing/index.ts';
import { freshPlaces } from '../../support/fresh-places.ts';
import { runKeel } from '../../support/keel.ts';
import { mcpServer } from '../../support/mcp/settings.ts';

/** Servers of the protocol's authors, as people configure them. */
const packages = join(import.meta.dirname, '../../../node_modules/@modelcontextprotocol');
const { home, repo } = freshPlaces();

type Call = readonly [name: string, args: object];

/** Calls tools one after the other in one run. @returns what the model got, by the place of the call */
async function run(setting: string, calls: readonly Call[]): Promise<string[]> {
  const script = calls.map(([name, args], at) => respond(functionCall(name, args, `call_${at}`)));
  await using model = await startModelServer([...script, respond(message('ok'), usage({ input: 10, output: 1 }))]);
  const options = ['-s', 'danger-full-access', '-c', setting, '-c', 'mcp_tool_search_bytes=100000'];
  const place = { home: home.path, cwd: repo.path, url: model.url };
  expect(await runKeel(['exec', ...options, 'go'], place)).toMatchObject({ code: 0 });
  return calls.map((_, at) => String(model.requests.at(-1)?.outputOf(`call_${at}`)));
}

function known(name: string, args: readonly string[]): string {
  const server = join(packages, `server-${name}`, 'dist', 'index.js');
  const words = [process.execPath, server, ...args];
  return mcpServer(name, { command: '/usr/bin/env', args: words, default_tools_approval_mode: 'approve' });
}

test('server-everything: texts, sums, structured results, long work and resources', async () => {
  const results = await run(known('everything', ['stdio']), [
    ['mcp__everything__echo', { message: 'hello' }],
    ['mcp__everything__get-sum', { a: 2, b: 3 }],
    ['mcp__everything__get-structured-content', { location: 'New York' }],
    ['mcp__everything__trigger-long-running-operation', { duration: 0.2, steps: 2 }],
    ['list_mcp_resources', { server: 'everything' }],
  ]);
  expect(results[0]).toContain('Echo: hello');
  expect(results[1]).toContain('5');
  expect(JSON.parse(results[2] ?? '')).toHaveProperty('temperature');
  expect(results[3]).toMatch(/completed/i);
  expect(results[4]).toContain('"resources":[{"server":"everything"');
});

test('server-filesystem: files in its folder, and no others', async () => {
  const folder = join(repo.path, 'notes');
  mkdirSync(folder);
  const results = await run(known('filesystem', [folder]), [
    ['mcp__filesystem__write_file', { path: join(folder, 'a.txt'), content: 'one\n' }],
    ['mcp__filesystem__read_text_file', { path: join(folder, 'a.txt') }],
    ['mcp__filesystem__read_text_file', { path: join(home.path, 'config.toml') }],
  ]);
  expect(readFileSync(join(folder, 'a.txt'), 'utf8')).toBe('one\n');
  expect(results[1]).toContain('one');
  expect(results[2]).toMatch(/access denied|outside/i);
});
