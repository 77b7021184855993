import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { functionCall, type ModelServer, message, respond, startModelServer } from '../../src/testing/index.ts';
import { freshPlaces } from '../support/fresh-places.ts';
import { keelBin, processesWith, rolloutsIn, until } from '../support/keel.ts';

const { home, repo } = freshPlaces();
let server: ModelServer;
afterEach(() => server.close());

/** The launcher under a Node.js that says that it is too old: it starts the one of the checkout. */
function underOldNode(words: readonly string[]) {
  home.write({
    'old.cjs': "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '18.0.0' } });",
  });
  const child = spawn(process.execPath, ['--require', join(home.path, 'old.cjs'), keelBin, ...words], {
    cwd: repo.path,
    env: {
      PATH: process.env['PATH'],
      HOME: home.path,
      KEEL_HOME: home.path,
      OPENAI_BASE_URL: server.url,
      OPENAI_API_KEY: 'k',
    },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let out = '';
  child.stdout.on('data', (chunk) => (out += String(chunk)));
  const ended = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
  return { child, ended, out: () => out };
}

/** Two processes of keel, and what they started. */
const running = () => processesWith(`HOME=${home.path}`);

test('kill -9 of the launcher under an old Node.js ends keel and its commands, and the end of the turn is recorded', async () => {
  server = await startModelServer([
    respond(
      functionCall(
        'shell',
        { command: ['bash', '-c', 'setsid sleep 300 & echo started; wait'], timeout_ms: 300_000 },
        'c1',
      ),
    ),
    respond(message('after')),
  ]);
  const { child, ended, out } = underOldNode(['exec', '--json', 'go']);
  await until(() => out().includes('started\\n') || (out().includes('item.started') && running().length >= 4));
  child.kill('SIGKILL');
  await ended;
  await until(() => running().length === 0);
  expect(readFileSync(rolloutsIn(home.path)[0] ?? '', 'utf8')).toContain('"type":"turn_aborted"');
}, 60_000);

test('keel under an old Node.js runs to its end, and its commands know nothing of the launcher', async () => {
  server = await startModelServer([
    respond(functionCall('shell', { command: ['bash', '-c', 'sleep 1.2; env | grep -c LAUNCHER'] }, 'c1')),
    respond(message('All done.')),
  ]);
  const { ended, out } = underOldNode(['exec', '--full-auto', 'go']);
  expect(await ended).toBe(0);
  expect(out()).toBe('All done.\n');
  expect(server.requests[1]?.outputOf('c1')).toMatch(/^Exit code: 1\n.*\n0\n/s);
}, 60_000);
