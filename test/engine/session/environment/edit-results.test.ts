import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  customCall,
  functionCall,
  type ModelServer,
  message,
  respond,
  type Script,
  startModelServer,
} from '../../../../src/testing/index.ts';
import { type TestSession, testSession } from '../../../support/session.ts';
import { gitRepository, type TempDir, tempDir } from '../../../support/temp-dir.ts';
import { expectSame, replayed } from '../../../surfaces/replay/support.ts';

const ok = respond(message('ok'));
const FILE = 'edit-results.jsonl';

let home: TempDir;
let repo: TempDir;
let server: ModelServer;
let live: TestSession;

beforeEach(() => {
  home = tempDir();
  repo = gitRepository({ 'a.txt': 'one\n' });
});
afterEach(async () => {
  await live[Symbol.asyncDispose]();
  await server.close();
  home[Symbol.dispose]();
  repo[Symbol.dispose]();
});

async function say(script: Script, model: string): Promise<void> {
  server = await startModelServer(script);
  const overrides = [`model="${model}"`];
  live = await testSession({ url: server.url, home: home.path, cwd: repo.path, overrides });
  await live.say('go');
}

const lines = (model: string, tool: string, good: number, bad: number) =>
  [...Array(good).fill(true), ...Array(bad).fill(false)]
    .map((isGood) => `${JSON.stringify({ model, tool, ok: isGood })}\n`)
    .join('');
const editors = () =>
  (server.requests[0]?.tools ?? [])
    .map(({ name }) => name)
    .filter((name) => name === 'apply_patch' || name === 'edit_file');

describe('the tool that a model edits with', () => {
  test.each([
    ['is the usual one where nothing is known', '', ['apply_patch']],
    ['is the usual one after few edits', lines('gpt-5', 'apply_patch', 0, 19), ['apply_patch']],
    ['is the usual one where few of many failed', lines('gpt-5', 'apply_patch', 90, 10), ['apply_patch']],
    ['is the other one where many failed', lines('gpt-5', 'apply_patch', 80, 20), ['edit_file']],
    ['is the usual one where those of another model failed', lines('gpt-4.1', 'apply_patch', 0, 50), ['apply_patch']],
    [
      'is the one that fails less',
      lines('gpt-5', 'apply_patch', 50, 50) + lines('gpt-5', 'edit_file', 10, 90),
      ['apply_patch'],
    ],
    [
      'does not depend on lines that are damaged',
      `{"model":\nnonsense\n${lines('gpt-5', 'apply_patch', 0, 30)}`,
      ['edit_file'],
    ],
  ])('%s', async (_, text, tools) => {
    home.write({ [FILE]: text });
    await say([ok], 'gpt-5');
    expect(editors()).toEqual(tools);
  });

  test('is named in the instructions, stays for the thread, and is the same when the thread is replayed', async () => {
    home.write({ [FILE]: lines('claude-sonnet-4-5', 'edit_file', 0, 30) });
    await say([ok, ok], 'claude-sonnet-4-5');
    await live.say('and on');
    expect(editors()).toEqual(['apply_patch']);
    expect(server.requests[0]?.instructions).toContain('Edit with `apply_patch`');
    const [first, second] = server.requests;
    if (first) second?.assertExtends(first);
    expectSame(await replayed(live), 2);
  });
});

test('edits are counted by what became of them, and nothing else is', async () => {
  const patch = (rows: string, id: string) =>
    customCall('apply_patch', `*** Begin Patch\n*** Update File: a.txt\n${rows}\n*** End Patch`, id);
  const calls = respond(
    patch('@@\n-one\n+two', 'c1'),
    patch('@@\n-nothing like it\n+two', 'c2'),
    functionCall('edit_file', { file_path: 'a.txt', old_string: 'none', new_string: 'x' }, 'c3'),
    functionCall('edit_file', { file_path: '../../../../proc/version', old_string: '', new_string: 'x' }, 'c4'),
    functionCall('exec_command', { cmd: 'exit 1' }, 'c5'),
  );
  await say([calls, ok], 'gpt-5');
  const written = readFileSync(join(home.path, FILE), 'utf8').trimEnd().split('\n');
  expect(written.slice(0, 3).map((line) => JSON.parse(line))).toEqual([
    { model: 'gpt-5', tool: 'apply_patch', ok: true },
    { model: 'gpt-5', tool: 'apply_patch', ok: false },
    { model: 'gpt-5', tool: 'edit_file', ok: false },
  ]);
  expect(written.every((line) => !line.includes('exec_command'))).toBe(true);
});

test('the file of counts keeps the newest edits alone once it is long, and counts them as before', async () => {
  const old = lines('o3', 'apply_patch', 12_000, 0);
  home.write({ [FILE]: old + lines('gpt-5', 'apply_patch', 0, 40) });
  expect(old.length).toBeGreaterThan(512 * 1024);
  const edit = functionCall('edit_file', { file_path: 'a.txt', old_string: 'one', new_string: 'two' }, 'c1');
  await say([respond(edit), ok], 'gpt-5');
  expect(editors()).toEqual(['edit_file']);
  const kept = readFileSync(join(home.path, FILE), 'utf8');
  expect(kept.length).toBeLessThanOrEqual(256 * 1024);
  expect(kept.length).toBeGreaterThan(255 * 1024);
  expect(kept.startsWith('{"model":"o3"')).toBe(true);
  expect(kept.endsWith(`${lines('gpt-5', 'apply_patch', 0, 1)}${lines('gpt-5', 'edit_file', 1, 0)}`)).toBe(true);
  expect(statSync(join(home.path, FILE)).mode & 0o777).toBe(0o600);
  expect(readdirSync(home.path).filter((name) => name.includes(FILE))).toEqual([FILE]);
});
