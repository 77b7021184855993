import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startModelServer } from '../../../../src/testing/index.ts';
import { type TestSession, type TestSessionOptions, testSession } from '../../../support/session.ts';
import { gitRepository, type TempDir, tempDir } from '../../../support/temp-dir.ts';

let home: TempDir;
let repo: TempDir;
beforeEach(() => {
  home = tempDir();
  repo = gitRepository();
});
afterEach(() => {
  home[Symbol.dispose]();
  repo[Symbol.dispose]();
});

const file = () => join(home.path, 'history.jsonl');

async function open(more: Partial<TestSessionOptions> = {}): Promise<TestSession> {
  await using server = await startModelServer([]);
  return testSession({ url: server.url, home: home.path, cwd: repo.path, ...more });
}

async function lookUp(live: TestSession, offset: number, logId?: number) {
  const op = { type: 'getHistoryEntry', offset, ...(logId === undefined ? {} : { logId }) } as const;
  const id = live.session.submit(op);
  return live.next('historyEntry.answered', ({ requestId }) => requestId === id);
}

test('what was added in one session is found in another, and starts no turn', async () => {
  const first = await open();
  first.session.submit({ type: 'addToHistory', text: 'one' });
  first.session.submit({ type: 'addToHistory', text: 'two' });
  expect(await lookUp(first, 0)).toMatchObject({ entryCount: 2 });
  await first[Symbol.asyncDispose]();
  await using second = await open();
  const newest = await lookUp(second, 1);
  expect(newest).toMatchObject({ offset: 1, entryCount: 2, entry: { threadId: first.session.threadId, text: 'two' } });
  expect((await lookUp(second, 0, newest.logId)).entry).toMatchObject({ text: 'one' });
  expect((await lookUp(second, 0, newest.logId + 1)).entry).toBeNull();
  expect((await lookUp(second, 7)).entry).toBeNull();
  expect([...first.events, ...second.events].map(({ type }) => type)).not.toContain('turn.started');
  expect(Math.abs((newest.entry?.at ?? 0) - Date.now() / 1_000)).toBeLessThan(60);
});

test('nothing is kept with persistence off, of a thread without a record, or of a message with a key in it', async () => {
  for (const more of [{ overrides: ['history.persistence="none"'] }, { options: { ephemeral: true } }]) {
    const live = await open(more);
    live.session.submit({ type: 'addToHistory', text: 'mine' });
    expect(await lookUp(live, 0)).toMatchObject({ entryCount: 0, entry: null });
    await live[Symbol.asyncDispose]();
  }
  expect(existsSync(file())).toBe(false);
  home.write({ 'auth.json': JSON.stringify({ OPENAI_API_KEY: 'sk-stored-1234567890' }) });
  const live = await open();
  live.session.submit({ type: 'addToHistory', text: 'use sk-stored-1234567890 please' });
  live.session.submit({ type: 'addToHistory', text: 'harmless' });
  expect(await lookUp(live, 0)).toMatchObject({ entryCount: 1, entry: { text: 'harmless' } });
  await live[Symbol.asyncDispose]();
  expect(readFileSync(file(), 'utf8')).toMatch(/^\{[^\n]*"text":"harmless"\}\n$/);
  expect(readFileSync(join(home.path, 'log', 'keel.log'), 'utf8')).not.toContain('sk-stored');
});

test('history.max_bytes is held', async () => {
  const live = await open({ overrides: ['history.max_bytes=500'] });
  for (let n = 0; n < 20; n += 1) live.session.submit({ type: 'addToHistory', text: `message ${n}` });
  await lookUp(live, 0);
  await live[Symbol.asyncDispose]();
  const text = readFileSync(file(), 'utf8');
  expect(text.length).toBeLessThanOrEqual(500);
  expect(text).toContain('message 19');
  expect(text).not.toContain('"message 0"');
});
