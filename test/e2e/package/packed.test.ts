import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { functionCall, message, respond, startModelServer } from '../../../src/testing/index.ts';
import { gitRepository, type TempDir, tempDir } from '../../support/temp-dir.ts';

const root = join(import.meta.dirname, '../../..');
const run = promisify(execFile);
const timeout = 600_000;
/** Beside the Node.js that runs the tests: `KEEL_NODES="22.19.0 24.0.0"`. They come from npm, which takes a while. */
const others = (process.env['KEEL_NODES'] ?? '').split(' ').filter((version) => version !== '');
const npmOptions = ['--prefer-offline', '--no-audit', '--no-fund'];

let place: TempDir;
let prefix: string;
const programs = new Map([[process.versions.node, process.execPath]]);

beforeAll(async () => {
  place = tempDir();
  prefix = join(place.path, 'prefix');
  mkdirSync(prefix);
  await npm('pack', '--ignore-scripts', '--pack-destination', place.path);
  const [packed = ''] = readdirSync(place.path).filter((name) => name.endsWith('.tgz'));
  await npm('install', '--global', '--prefix', prefix, join(place.path, packed));
  for (const version of others) {
    const name = `node-${process.platform}-${process.arch}`;
    const dir = join(place.path, version);
    mkdirSync(dir);
    await npm('install', '--prefix', dir, `${name}@${version}`);
    programs.set(version, join(dir, 'node_modules', name, 'bin/node'));
  }
}, timeout);
afterAll(() => place[Symbol.dispose]());

/** The npm beside this Node.js, or the machine's. */
function npm(...words: readonly string[]) {
  return run('npm', [...words, ...npmOptions], { cwd: root, maxBuffer: 64 * 1024 * 1024 });
}

describe.each([process.versions.node, ...others])('keel from a packed tarball under Node.js %s', (version) => {
  const env = (home: string, url = '') => ({
    PATH: `${dirname(programs.get(version) ?? '')}:/usr/bin:/bin`,
    HOME: home,
    OPENAI_BASE_URL: url,
    OPENAI_API_KEY: 'test',
  });

  test('shows its demo', { timeout }, async () => {
    using home = tempDir();
    const { stdout } = await run(join(prefix, 'bin/keel'), ['demo'], { env: env(home.path), cwd: home.path });
    expect(stdout).toMatch(/ fail 0$/m);
  });

  test('runs a command in its sandbox, edits a file and checks its syntax', { timeout }, async () => {
    const patch = '*** Begin Patch\n*** Add File: a.py\n+def f(:\n*** End Patch\n';
    await using server = await startModelServer([
      respond(functionCall('shell', { command: ['bash', '-c', 'for i in 1 2; do echo "line $i"; done'] }, 'c1')),
      respond(functionCall('apply_patch', { input: patch }, 'c2')),
      respond(message('All done.')),
    ]);
    using home = tempDir();
    using repo = gitRepository();
    const words = ['exec', '--full-auto', 'go'];
    const { stdout } = await run(join(prefix, 'bin/keel'), words, { env: env(home.path, server.url), cwd: repo.path });
    expect(stdout).toBe('All done.\n');
    expect(server.requests[1]?.outputOf('c1')).toContain('line 1\nline 2');
    expect(server.requests[2]?.outputOf('c2')).toContain('a.py line 1: ');
  });

  test.each([
    ['app-server', { clientInfo: { name: 'test', title: null, version: '1' }, capabilities: {} }, 'userAgent'],
    ['acp', { protocolVersion: 1, clientCapabilities: {} }, 'agentCapabilities'],
    [
      'mcp-server',
      { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'test', version: '1' } },
      'serverInfo',
    ],
  ])('greets a client of %s', { timeout }, async (surface, params, named) => {
    using home = tempDir();
    const request = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params });
    const running = run(join(prefix, 'bin/keel'), [surface], { env: env(home.path), cwd: home.path });
    running.child.stdin?.write(`${request}\n`);
    running.child.stdout?.once('data', () => running.child.stdin?.end());
    const { stdout } = await running;
    expect(JSON.parse(stdout)).toMatchObject({ id: 1, result: { [named]: expect.anything() } });
  });

  test('is a library for programs', { timeout }, async () => {
    using home = tempDir();
    mkdirSync(join(home.path, 'node_modules'));
    symlinkSync(join(prefix, 'lib/node_modules/keel'), join(home.path, 'node_modules/keel'));
    home.write({
      'program.mjs': `import { Keel } from 'keel';
import { message, respond, startModelServer } from 'keel/testing';
import * as protocol from 'keel/protocol';
const server = await startModelServer([respond(message('hello'))]);
process.env.OPENAI_BASE_URL = server.url;
const thread = await new Keel({ cwd: process.cwd() }).startThread();
const { finalResponse } = await thread.run('hi');
await thread.close();
await server.close();
console.log(finalResponse, Object.keys(protocol).length > 10, process.versions.node);
`,
    });
    const program = programs.get(version) ?? '';
    const { stdout } = await run(program, ['program.mjs'], { env: env(home.path), cwd: home.path });
    expect(stdout).toBe(`hello true ${version}\n`);
  });
});

test('npm uninstall leaves nothing of it', { timeout }, async () => {
  await npm('uninstall', '--global', '--prefix', prefix, 'keel');
  expect(existsSync(join(prefix, 'bin/keel'))).toBe(false);
  expect(existsSync(join(prefix, 'lib/node_modules/keel'))).toBe(false);
});
