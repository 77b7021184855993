import { existsSync, mkdirSync, readdirSync, renameSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { acquireLease } from '../../../src/storage/rollout/index.ts';
import { archiveThread, findRollout, ThreadIndex, unarchiveThread } from '../../../src/storage/threads/index.ts';
import { type TempDir, tempDir } from '../../support/temp-dir.ts';
import { event, fileText, item, message, meta } from '../rollout/lines.ts';

const id = (digit: number) => `${String(digit).repeat(8)}-0000-7000-8000-000000000000`;
const nameOf = (digit: number) => `rollout-2026-01-02T10-00-00-${id(digit)}.jsonl`;
const day = 'sessions/2026/01/02';
const text = (digit: number) =>
  fileText([meta({ id: id(digit) }), event('user_message', { message: 'hi' }), item(message('user', 'hi'))]);

let home: TempDir;
beforeEach(() => {
  home = tempDir();
  home.write({ [`${day}/${nameOf(1)}`]: text(1), [`${day}/${nameOf(2)}`]: text(2) });
});
afterEach(() => home[Symbol.dispose]());

const pathOf = (digit: number) => join(home.path, day, nameOf(digit));
const file = (digit: number) => ({ threadId: id(digit), path: pathOf(digit) });
/** Every file below the home. */
const everything = () => readdirSync(home.path, { recursive: true, encoding: 'utf8' }).sort();

describe('archiving', () => {
  test('moves a thread out of the lists and back; its id finds it in both places', async () => {
    using index = new ThreadIndex(home.path);
    const ids = async (query = {}) => (await index.list(query)).threads.map((thread) => thread.id);
    const archived = archiveThread(home.path, file(1));
    expect(archived).toBe(join(home.path, 'archived_sessions', nameOf(1)));
    expect(statSync(join(home.path, 'archived_sessions')).mode & 0o777).toBe(0o700);
    expect(findRollout(home.path, { type: 'id', id: id(1) })).toBe(archived);
    expect(await ids()).toEqual([id(2)]);
    expect(await ids({ archived: true })).toEqual([id(1)]);
    expect(unarchiveThread(home.path, { threadId: id(1), path: archived })).toBe(pathOf(1));
    expect(await ids()).toEqual([id(2), id(1)]);
    expect(readdirSync(join(home.path, day)).sort()).toEqual([nameOf(1), nameOf(2)]);
  });

  test('28: a path outside, by .. or by a link, or another thread’s file is refused, and nothing moves', () => {
    using outside = tempDir();
    outside.write({ [nameOf(3)]: text(3) });
    symlinkSync(join(outside.path, nameOf(3)), pathOf(3));
    symlinkSync(outside.path, join(home.path, 'sessions/2026/01/03'));
    // A link to a thread that lies inside is not a thread of its own either.
    symlinkSync(pathOf(1), join(home.path, day, nameOf(4)));
    const before = everything();
    const linkedDay = join(home.path, 'sessions/2026/01/03', nameOf(3));
    const dotted = `${home.path}/sessions/../../${outside.path.split('/').at(-1)}/${nameOf(3)}`;
    expect(existsSync(dotted)).toBe(true);
    for (const path of [join(outside.path, nameOf(3)), dotted, pathOf(3), linkedDay]) {
      expect(() => archiveThread(home.path, { threadId: id(3), path })).toThrow(
        expect.objectContaining({ kind: 'invalidInput' }),
      );
    }
    for (const bad of [
      { threadId: id(1), path: pathOf(2) },
      { threadId: id(4), path: join(home.path, day, nameOf(4)) },
      { threadId: id(1), path: join(home.path, day) },
      { threadId: id(9), path: pathOf(9) },
    ]) {
      expect(() => archiveThread(home.path, bad)).toThrow(expect.objectContaining({ kind: 'invalidInput' }));
    }
    expect(everything()).toEqual(before);
    expect(readdirSync(outside.path)).toEqual([nameOf(3)]);
  });

  test('28: a file with the name of one thread and the record of another is refused', () => {
    home.write({ [`${day}/${nameOf(5)}`]: text(1) });
    expect(() => archiveThread(home.path, file(5))).toThrow(/records the thread 11111111/);
    expect(existsSync(pathOf(5))).toBe(true);
  });

  test('a thread that a process writes is refused, and so is a place that is taken', () => {
    using held = acquireLease(pathOf(1));
    expect(() => archiveThread(home.path, file(1))).toThrow(expect.objectContaining({ kind: 'threadBusy' }));
    held.release();
    home.write({ [`archived_sessions/${nameOf(1)}`]: 'something else' });
    expect(() => archiveThread(home.path, file(1))).toThrow(expect.objectContaining({ kind: 'storageFailed' }));
    expect(existsSync(pathOf(1))).toBe(true);
    // Neither attempt keeps the thread from others.
    acquireLease(pathOf(1)).release();
  });

  test('a sessions folder that is a link itself is the user’s own choice', () => {
    using elsewhere = tempDir();
    renameSync(join(home.path, 'sessions'), join(elsewhere.path, 'sessions'));
    symlinkSync(join(elsewhere.path, 'sessions'), join(home.path, 'sessions'));
    expect(existsSync(archiveThread(home.path, file(1)))).toBe(true);
  });

  test('an archived thread goes back only to where its name says', () => {
    mkdirSync(join(home.path, 'archived_sessions'));
    writeFileSync(join(home.path, 'archived_sessions', nameOf(6)), text(6));
    const back = unarchiveThread(home.path, {
      threadId: id(6),
      path: join(home.path, 'archived_sessions', nameOf(6)),
    });
    expect(back).toBe(pathOf(6));
    expect(() => unarchiveThread(home.path, file(1))).toThrow(expect.objectContaining({ kind: 'invalidInput' }));
  });
});
