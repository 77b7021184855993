import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { RolloutItem } from '../../../src/foundation/protocol/index.ts';
import { findRollout } from '../../../src/storage/threads/index.ts';
import { type TempDir, tempDir } from '../../support/temp-dir.ts';
import { event, fileText, item, message, meta } from '../rollout/lines.ts';

const id = (digit: number) => `${String(digit).repeat(8)}-0000-7000-8000-000000000000`;
const said = [item(message('user', 'hi')), event('user_message', { message: 'hi' })];

/** Puts a thread into a home: the day of January 2026 on which it began is its digit. */
function thread(home: TempDir, digit: number, more: object = {}, lines: readonly RolloutItem[] = said): string {
  const day = `2026-01-0${digit}`;
  const name = `sessions/${day.replaceAll('-', '/')}/rollout-${day}T10-00-00-${id(digit)}.jsonl`;
  home.write({ [name]: fileText([meta({ id: id(digit), ...more }), ...lines]) });
  return join(home.path, name);
}

const last = { type: 'last', providerId: 'openai' } as const;

test('a link to a thread’s file leads to the file itself, beside which its writer is named', () => {
  using home = tempDir();
  const path = thread(home, 1);
  const link = join(home.path, 'link.jsonl');
  symlinkSync(path, link);
  expect(findRollout(home.path, { type: 'id', id: link })).toBe(path);
});

test('a thread is found by its id, in any letter case, and by the path of its file', () => {
  using home = tempDir();
  thread(home, 2);
  const path = thread(home, 1);
  expect(findRollout(home.path, { type: 'id', id: id(1) })).toBe(path);
  expect(findRollout(home.path, { type: 'id', id: path })).toBe(path);
  const upper = 'ABCDEFAB-0000-7000-8000-000000000000';
  home.write({ [`sessions/2026/01/03/rollout-2026-01-03T10-00-00-${upper.toLowerCase()}.jsonl`]: '' });
  expect(findRollout(home.path, { type: 'id', id: upper })).toContain(upper.toLowerCase());
});

test('an archived thread is found by its id and is not the last one', () => {
  using home = tempDir();
  const live = thread(home, 1);
  const name = `archived_sessions/rollout-2026-01-09T10-00-00-${id(9)}.jsonl`;
  home.write({ [name]: fileText([meta({ id: id(9) }), ...said]) });
  expect(findRollout(home.path, { type: 'id', id: id(9) })).toBe(join(home.path, name));
  expect(findRollout(home.path, last)).toBe(live);
});

test.each([id(5), 'not-an-id', '', '../../etc/passwd', '/nowhere/rollout.jsonl'])('"%s" finds no thread', (wanted) => {
  using home = tempDir();
  thread(home, 1);
  expect(() => findRollout(home.path, { type: 'id', id: wanted })).toThrow(
    expect.objectContaining({ kind: 'threadNotFound', message: expect.stringContaining(wanted) }),
  );
});

test('the last thread is the newest of its provider; one that names none counts as its own', () => {
  using home = tempDir();
  thread(home, 1);
  const unnamed = thread(home, 2, { model_provider: null });
  const other = thread(home, 3, { model_provider: 'azure' });
  expect(findRollout(home.path, last)).toBe(unnamed);
  expect(findRollout(home.path, { ...last, providerId: 'azure' })).toBe(other);
});

test('the last thread of a folder is the newest that began there', () => {
  using home = tempDir();
  const here = thread(home, 1, { cwd: '/here' });
  thread(home, 2, { cwd: '/there' });
  expect(findRollout(home.path, { ...last, cwd: '/here' })).toBe(here);
  expect(() => findRollout(home.path, { ...last, cwd: '/nowhere' })).toThrow(
    expect.objectContaining({ kind: 'threadNotFound' }),
  );
});

test('a thread in which no user has said anything, or that can’t be read, is not the last one', () => {
  using home = tempDir();
  const path = thread(home, 1);
  thread(home, 2, {}, []);
  home.write({
    [`sessions/2026/01/03/rollout-2026-01-03T10-00-00-${id(3)}.jsonl`]: '{"torn',
    [`sessions/2026/01/04/notes.txt`]: 'not a thread',
    [`sessions/2026/README`]: 'not a folder',
  });
  expect(findRollout(home.path, last)).toBe(path);
});

test('a long first line does not hide a thread', () => {
  using home = tempDir();
  const path = thread(home, 1, { instructions: 'x'.repeat(2_000_000) });
  expect(findRollout(home.path, last)).toBe(path);
});

test('a home without threads has no last one', () => {
  using home = tempDir();
  expect(() => findRollout(home.path, last)).toThrow(
    expect.objectContaining({ kind: 'threadNotFound', message: expect.stringContaining('openai') }),
  );
});

test('a thread that another one began for itself is not the last one, and is found by its id', () => {
  using home = tempDir();
  const own = thread(home, 1);
  const reviewer = thread(home, 2, { source: { subagent: 'review' } });
  const helper = thread(home, 3, { parent_thread_id: id(1) });
  expect(findRollout(home.path, last)).toBe(own);
  expect(findRollout(home.path, { type: 'id', id: id(2) })).toBe(reviewer);
  expect(findRollout(home.path, { type: 'id', id: id(3) })).toBe(helper);
});

test('a thread is found at any depth below the sessions, also through a link, and is the last one if it is the newest', () => {
  using home = tempDir();
  thread(home, 1);
  for (const [at, folder] of ['', 'old/', '2026/01/', '2026/01/01/deeper/', 'my/own/place/'].entries()) {
    const digit = at + 2;
    const name = `sessions/${folder}rollout-2026-01-0${digit}T10-00-00-${id(digit)}.jsonl`;
    home.write({ [name]: fileText([meta({ id: id(digit) }), ...said]) });
    expect(findRollout(home.path, { type: 'id', id: id(digit) })).toBe(join(home.path, name));
    expect(findRollout(home.path, last)).toBe(join(home.path, name));
  }
  using elsewhere = tempDir();
  elsewhere.write({ [`rollout-2026-01-09T10-00-00-${id(9)}.jsonl`]: fileText([meta({ id: id(9) }), ...said]) });
  symlinkSync(elsewhere.path, join(home.path, 'sessions/linked'));
  symlinkSync(join(home.path, 'sessions'), join(home.path, 'sessions/my/circle'));
  expect(findRollout(home.path, { type: 'id', id: id(9) })).toContain('sessions/linked/');
});
