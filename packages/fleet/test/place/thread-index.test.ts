import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ThreadIndex } from '../../src/place/thread-index.ts';

let data: string;
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'keel-fleet-'));
});
afterEach(() => rmSync(data, { recursive: true, force: true }));

const id = (at: number) => `01999999-0000-7000-8000-0000000000${String(at).padStart(2, '0')}`;
const folder = (user: string) => join(data, 'users', `user-${user}`);
/** The folder of a thread; `owner`: as an earlier version of the front leaves it. */
function thread(at: number, owner?: string): void {
  mkdirSync(join(data, 'threads', id(at)), { recursive: true });
  if (owner !== undefined) writeFileSync(join(data, 'threads', id(at), 'owner'), owner);
}
const setTime = (path: string, seconds: number) => utimesSync(path, seconds, seconds);

describe('the threads of a user', () => {
  test('are listed newest first, each for its own user, and a thread that was removed not at all', async () => {
    const index = new ThreadIndex(data);
    for (const at of [1, 2, 3]) {
      thread(at);
      await index.note(at === 3 ? 'bob' : 'ann', id(at));
    }
    setTime(join(folder('ann'), id(1)), 2_000_000_000);
    expect(await index.newest('ann')).toEqual([id(1), id(2)]);
    expect(await index.newest('bob')).toEqual([id(3)]);
    rmSync(join(data, 'threads', id(1)), { recursive: true });
    expect(await index.newest('ann')).toEqual([id(2)]);
    expect(readdirSync(folder('ann'))).toEqual([id(2)]);
  });

  test('are none for a user without a thread, also in a fleet without threads', async () => {
    const index = new ThreadIndex(data);
    expect(await index.newest('ann')).toEqual([]);
    thread(1, 'bob');
    expect(await index.newest('ann')).toEqual([]);
  });

  test('are those too that an earlier version noted, with their time', async () => {
    thread(1, 'ann');
    thread(2, 'bob');
    thread(3, 'ann');
    setTime(join(data, 'threads', id(1), 'owner'), 1_000_000_000);
    const index = new ThreadIndex(data);
    await index.note('ann', id(3));
    expect(await index.newest('ann')).toEqual([id(3), id(1)]);
    expect(await index.newest('bob')).toEqual([id(2)]);
  });

  test('are those too that a front of an earlier version makes beside this one', async () => {
    const index = new ThreadIndex(data, 0);
    thread(1, 'ann');
    expect(await index.newest('ann')).toEqual([id(1)]);
    thread(2, 'ann');
    setTime(join(data, 'threads', id(2), 'owner'), 2_000_000_000);
    expect(await index.newest('ann')).toEqual([id(2), id(1)]);
  });

  test('are looked for once for all users, not for each, and not in what the index has', async () => {
    thread(1, 'ann');
    thread(2, 'bob');
    const index = new ThreadIndex(data);
    expect(await index.newest('ann')).toEqual([id(1)]);
    // Their owners can't be read any more: whoever looked would fail.
    for (const at of [1, 9]) {
      rmSync(join(data, 'threads', id(at)), { recursive: true, force: true });
      mkdirSync(join(data, 'threads', id(at), 'owner'), { recursive: true });
    }
    expect(await index.newest('bob')).toEqual([id(2)]);
    expect(await index.newest('carol')).toEqual([]);
    expect(await index.newest('ann')).toEqual([id(1)]);
    rmSync(join(data, 'threads', id(9)), { recursive: true });
    expect(await new ThreadIndex(data).newest('ann')).toEqual([id(1)]);
  });

  test('of which the look fails are looked for again', async () => {
    const index = new ThreadIndex(data);
    mkdirSync(join(data, 'threads', id(1), 'owner'), { recursive: true });
    await expect(index.newest('ann')).rejects.toThrow();
    rmSync(join(data, 'threads', id(1)), { recursive: true });
    thread(1, 'ann');
    expect(await index.newest('ann')).toEqual([id(1)]);
  });

  test.each(['../../elsewhere', 'a/b', '', '.'.repeat(65), 'ann\nbob'])(
    'are of no user that is called %j',
    async (name) => {
      thread(1, name);
      expect(await new ThreadIndex(data).newest('ann')).toEqual([]);
      expect(readdirSync(data)).toEqual(['threads']);
    },
  );
});
