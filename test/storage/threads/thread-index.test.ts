import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { nameThread, ThreadIndex } from '../../../src/storage/threads/index.ts';
import { runCommandLine } from '../../support/programs/resident-keel.ts';
import { type TempDir, tempDir } from '../../support/temp-dir.ts';

let home: TempDir;
let index: ThreadIndex;
beforeEach(() => {
  home = tempDir();
  index = new ThreadIndex(home.path);
});
afterEach(() => {
  index.close();
  home[Symbol.dispose]();
});

const idOf = (n: number) => `01a20cee-41e3-7d69-b809-${String(n).padStart(12, '0')}`;
const timeOf = (n: number) => new Date(Date.UTC(2026, 0, 1) + n * 60_000).toISOString();

/** A thread of one turn, as keel writes it. `n` gives its id and its time. */
function thread(n: number, text = `words ${n}`, cwd = '/w', root = home.path): string {
  const dir = join(root, 'sessions', '2026', '01', '01');
  mkdirSync(dir, { recursive: true });
  const path = join(dir, `rollout-2026-01-01T00-00-00-${idOf(n)}.jsonl`);
  const line = (type: string, payload: object, at = n) =>
    `${JSON.stringify({ timestamp: timeOf(at), type, payload })}\n`;
  const said = { type: 'message', role: 'user', content: [{ type: 'input_text', text }] };
  writeFileSync(
    path,
    line('session_meta', {
      id: idOf(n),
      timestamp: timeOf(n),
      cwd,
      originator: 'keel_exec',
      source: 'exec',
      model_provider: 'openai',
    }) +
      line('event_msg', { type: 'task_started', turn_id: 't' }) +
      line('event_msg', { type: 'user_message', message: text }) +
      line('response_item', said) +
      line('event_msg', { type: 'task_complete', turn_id: 't' }),
  );
  return path;
}
/** Sets every time in a file. */
function setTimes(path: string, time: string): void {
  writeFileSync(path, readFileSync(path, 'utf8').replaceAll(/"timestamp":"[^"]+"/g, `"timestamp":"${time}"`));
}
const numbers = async (query = {}) => (await index.list(query)).threads.map(({ id }) => Number(id.slice(-12)));

describe('the list of threads', () => {
  test('is newest first, page by page, each thread once', async () => {
    for (const n of [3, 1, 2, 5, 4]) thread(n);
    const first = await index.list({ limit: 2 });
    expect(first.threads.map(({ preview }) => preview)).toEqual(['words 5', 'words 4']);
    thread(6);
    const second = await index.list({ limit: 2, cursor: first.nextCursor ?? '' });
    expect(second.threads.map(({ preview }) => preview)).toEqual(['words 3', 'words 2']);
    expect((await index.list({ limit: 2, cursor: second.nextCursor ?? '' })).nextCursor).toBeNull();
  });

  test('stays right when files are added, changed, moved or removed by hand', async () => {
    const [a, b] = [thread(1), thread(2)];
    expect(await numbers()).toEqual([2, 1]);
    thread(3);
    appendFileSync(
      a,
      `${JSON.stringify({ timestamp: timeOf(9), type: 'response_item', payload: { type: 'message', role: 'assistant', content: [] } })}\n`,
    );
    expect(await numbers()).toEqual([1, 3, 2]);
    rmSync(b);
    mkdirSync(join(home.path, 'archived_sessions'));
    renameSync(a, join(home.path, 'archived_sessions', a.slice(a.lastIndexOf('/') + 1)));
    expect(await numbers()).toEqual([3]);
    expect(await numbers({ archived: true })).toEqual([1]);
  });

  test('is found by directory, by what the user said, and by its name', async () => {
    thread(1, 'mend the tides', '/a');
    thread(2, 'paint the boat', '/b');
    expect(await numbers({ cwd: '/a' })).toEqual([1]);
    expect(await numbers({ search: 'BOAT' })).toEqual([2]);
    nameThread(home.path, { id: idOf(1), name: 'Low water', nowMs: 0 });
    expect(await numbers({ search: 'low wat' })).toEqual([1]);
    expect(await index.get(idOf(1))).toMatchObject({ name: 'Low water', turnCount: 1 });
  });

  test('leaves out what threads began for themselves when asked to', async () => {
    thread(1);
    const told = (n: number, from: string, to: string) => {
      const path = thread(n);
      writeFileSync(path, readFileSync(path, 'utf8').replace(from, to));
    };
    told(2, '"source":"exec"', '"source":{"subagent":"review"}');
    told(3, '"originator"', `"parent_thread_id":"${idOf(1)}","originator"`);
    expect(await numbers({ ofUser: true })).toEqual([1]);
    expect(await numbers()).toEqual([3, 2, 1]);
    expect(await numbers({ sources: ['subagent'] })).toEqual([2]);
    expect(await index.get(idOf(3))).toMatchObject({ parentId: idOf(1) });
  });

  test('is not broken by hostile, torn or foreign files, nor by a damaged cache', async () => {
    const path = thread(1);
    appendFileSync(path, '{"timestamp":"2026-01-01T00:00:00.000Z","type":"resp');
    const dir = join(home.path, 'sessions', '2026', '01', '01');
    writeFileSync(join(dir, `rollout-2026-01-01T00-00-00-${idOf(7)}.jsonl`), Buffer.from([0xff, 0, 10, 10, 123]));
    mkdirSync(join(dir, `rollout-2026-01-01T00-00-00-${idOf(8)}.jsonl`));
    expect(await numbers()).toEqual([1]);
    index.close();
    writeFileSync(join(home.path, 'index.sqlite'), 'no database at all');
    index = new ThreadIndex(home.path);
    expect(await numbers()).toEqual([1]);
  });

  test('27: threads of one second are listed once each, and one that begins between two pages shifts none', async () => {
    for (const n of [1, 2, 3]) setTimes(thread(n), timeOf(1));
    const first = await index.list({ limit: 2, sortKey: 'createdAt' });
    thread(9);
    const second = await index.list({ limit: 2, sortKey: 'createdAt', cursor: first.nextCursor ?? '' });
    expect([...first.threads, ...second.threads].map(({ id }) => id)).toEqual([3, 2, 1].map(idOf));
    expect(second.nextCursor).toBeNull();
  });

  test('27: is the same when its cache is deleted, locked by another program, or can’t be written', async () => {
    for (const n of [1, 2, 3]) thread(n);
    const cache = join(home.path, 'index.sqlite');
    expect(await numbers()).toEqual([3, 2, 1]);
    for (const suffix of ['', '-wal', '-shm']) rmSync(cache + suffix, { force: true });
    thread(4);
    expect(await numbers({ search: 'words' })).toEqual([4, 3, 2, 1]);
    index.close();
    const { DatabaseSync } = await import('node:sqlite');
    const other = new DatabaseSync(cache);
    other.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; CREATE TABLE IF NOT EXISTS mine (x)');
    rmSync(thread(4));
    thread(5);
    index = new ThreadIndex(home.path);
    expect(await numbers({ search: 'words' })).toEqual([5, 3, 2, 1]);
    other.close();
    index.close();
    for (const suffix of ['', '-wal', '-shm']) rmSync(cache + suffix, { force: true });
    mkdirSync(join(cache, 'in the way'), { recursive: true });
    index = new ThreadIndex(home.path);
    expect(await numbers({ search: 'words' })).toEqual([5, 3, 2, 1]);
    expect(existsSync(join(cache, 'in the way'))).toBe(true);
  });

  test('any set of files is reported whole by its pages, whatever their size', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.integer({ min: 0, max: 500 }), { maxLength: 12 }),
        fc.integer({ min: 1, max: 5 }),
        async (made, limit) => {
          using dir = tempDir();
          for (const n of made) thread(n, `words ${n}`, '/w', dir.path);
          using own = new ThreadIndex(dir.path);
          const told: number[] = [];
          for (let cursor: string | null = ''; cursor !== null; ) {
            const page = await own.list({ limit, ...(cursor === '' ? {} : { cursor }) });
            told.push(...page.threads.map(({ id }) => Number(id.slice(-12))));
            cursor = page.nextCursor;
          }
          expect(told).toEqual(made.toSorted((a, b) => b - a));
        },
      ),
      { numRuns: 30 },
    );
  });
});

test('keel threads lists, shows and names them; what a file holds steers no terminal', async () => {
  thread(1, 'red \u001b[31mwords\u001b]0;title\u0007');
  const keel = (...args: string[]) =>
    runCommandLine(['threads', ...args], { home: home.path, cwd: home.path, url: 'http://127.0.0.1:9' });
  const listed = await keel('list');
  expect(listed.stdout).toContain(idOf(1));
  expect(listed.stdout).not.toContain('\u001b');
  expect((await keel('rename', idOf(1), 'Low', 'water')).code).toBe(0);
  expect(JSON.parse((await keel('list', '--json')).stdout)).toMatchObject({
    threads: [{ name: 'Low water' }],
    nextCursor: null,
  });
  expect((await keel('show', idOf(1))).stdout).toContain('name: Low water');
  expect((await keel('show', idOf(9))).code).toBe(1);
  expect((await keel('list', '--limit', 'x')).code).toBe(1);
});
