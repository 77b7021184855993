import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { functionCall, type ModelServer, message, respond, startModelServer } from '../../../../src/testing/index.ts';
import { testSession } from '../../../support/session.ts';
import { gitRepository, type TempDir, tempDir } from '../../../support/temp-dir.ts';

let home: TempDir;
let repo: TempDir;
let server: ModelServer;

beforeEach(() => {
  home = tempDir();
  repo = gitRepository();
});
afterEach(async () => {
  await server.close();
  home[Symbol.dispose]();
  repo[Symbol.dispose]();
});

/** A program of the repository's: a call whose program is missing is answered before it would run. */
function program(name: string): void {
  writeFileSync(join(repo.path, name), '#!/bin/sh\n', { mode: 0o755 });
}

/** Whether a call is in the ledger when the model gets its output. */
async function isLedgered(
  tool: string,
  args: Readonly<Record<string, unknown>>,
  model = 'gpt-5-codex',
): Promise<boolean> {
  let ledgers = -1;
  server = await startModelServer((request) => {
    if (request.outputOf('c1') === undefined) return respond(functionCall(tool, args, 'c1'));
    const files = readdirSync(home.path, { recursive: true, encoding: 'utf8' });
    ledgers = files.filter((name) => name.endsWith('calls.jsonl')).length;
    return respond(message('done'));
  });
  await using live = await testSession({
    url: server.url,
    home: home.path,
    cwd: repo.path,
    overrides: [`model="${model}"`],
  });
  await live.say('go');
  return ledgers > 0;
}

test.each([
  ['shell', { command: ['ls', '-la'] }],
  ['shell', { command: ['bash', '-c', 'git status | head -5'] }],
  ['shell', { command: 'cat README.md' }],
])('fleet 4: a command that only reads costs no ledger entry: %s %j', async (tool, args) => {
  expect(await isLedgered(tool, args)).toBe(false);
});

test.each([
  ['shell', { command: ['touch', 'x'] }],
  ['shell', { command: ['bash', '-c', 'ls && touch x'] }],
  ['shell', { command: ['ls'], with_escalated_permissions: true, justification: 'why' }],
  ['shell', { command: ['./ls'] }],
])('any other is in the ledger before it runs: %s %j', async (tool, args) => {
  program('ls');
  expect(await isLedgered(tool, args)).toBe(true);
});

test('exec_command follows the same rule', async () => {
  expect(await isLedgered('exec_command', { cmd: 'ls' }, 'gpt-5.1-codex')).toBe(false);
  await server.close();
  program('evil');
  expect(await isLedgered('exec_command', { cmd: 'ls', shell: './evil' }, 'gpt-5.1-codex')).toBe(true);
});
