import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdirSync, mkdtempSync, openSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Maker } from '../../src/place/maker.ts';
import { Watcher } from '../../src/place/mark.ts';

const never = new AbortController().signal;
const ABANDONED_MS = 300;
let data: string;
let path: string;
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'keel-fleet-'));
  path = join(data, 'made');
});
afterEach(() => rmSync(data, { recursive: true, force: true }));

const left = () => readdirSync(data).filter((name) => name !== 'made');

describe('fronts that make a directory at once', () => {
  test('are patient while the maker lives, however long that takes', async () => {
    const maker = await Maker.of(path, ABANDONED_MS, never);
    const waiting = Maker.of(path, ABANDONED_MS, never);
    await delay(3 * ABANDONED_MS);
    mkdirSync(path);
    expect(await maker?.isOwner()).toBe(true);
    expect(maker?.lost.aborted).toBe(false);
    await maker?.[Symbol.asyncDispose]();
    expect(await waiting).toBeNull();
    expect(left()).toEqual([]);
  });

  test('are as patient when the disk answers nobody for longer than a maker may be silent', async () => {
    const maker = await Maker.of(path, ABANDONED_MS, never);
    const found: (Maker | null)[] = [];
    const waiting = Maker.of(path, ABANDONED_MS, never).then((one) => found.push(one));
    await delay(ABANDONED_MS);
    const answers = await stalledDisk();
    await delay(4 * ABANDONED_MS);
    await answers();
    await delay(ABANDONED_MS / 2);
    expect(found).toEqual([]);
    expect(await maker?.isOwner()).toBe(true);
    mkdirSync(path);
    await maker?.[Symbol.asyncDispose]();
    await waiting;
    expect(found).toEqual([null]);
  });

  test('are several that find a dead maker: one of them takes its work over', async () => {
    writeFileSync(`${path}.unfinished`, '');
    mkdirSync(path);
    const found: (Maker | null)[] = [];
    const stop = new AbortController();
    const all = Array.from({ length: 4 }, async () => {
      const maker = await Maker.of(path, ABANDONED_MS, stop.signal);
      found.push(maker);
    });
    await Promise.race(all);
    expect(found).toHaveLength(1);
    expect(found[0]?.earlierDrafts).toEqual([`${path}.draft-0`]);
    await found[0]?.[Symbol.asyncDispose]();
    await Promise.all(all);
    expect(found.slice(1)).toEqual([null, null, null]);
    expect(left()).toEqual([]);
  });

  test('learn soon that another one has taken their work over', async () => {
    await using maker = await Maker.of(path, ABANDONED_MS, never);
    if (maker === null) throw new Error('nobody else makes it');
    const lost = new Promise<void>((resolve) => maker.lost.addEventListener('abort', () => resolve()));
    writeFileSync(`${path}.unfinished-1`, '');
    await lost;
    expect(await maker.isOwner()).toBe(false);
  });

  test('wait no longer than whoever asked', async () => {
    await using maker = await Maker.of(path, 60_000, never);
    expect(await maker?.isOwner()).toBe(true);
    await expect(Maker.of(path, 60_000, AbortSignal.timeout(50))).rejects.toMatchObject({ name: 'TimeoutError' });
    expect(left()).toEqual(['made.unfinished']);
  });
});

describe('the sign of life of a front that waits', () => {
  const signs = () => readdirSync(data).filter((name) => name.startsWith('made-watched-'));

  test('is another one after an error of the disk, and the wait does not fail', async () => {
    const watcher = new Watcher(path);
    await watcher.write();
    const [first] = signs();
    expect(first).toBeDefined();
    const file = await open(join(data, 'file'), 'w');
    const sync = vi.spyOn(Object.getPrototypeOf(file), 'datasync');
    await file.close();
    sync.mockRejectedValueOnce(Object.assign(new Error('no space left on device'), { code: 'ENOSPC' }));
    await watcher.write();
    sync.mockRestore();
    expect(signs()).toEqual([]);
    await watcher.write();
    expect(signs()).toHaveLength(1);
    expect(signs()).not.toEqual([first]);
    await watcher[Symbol.asyncDispose]();
    expect(signs()).toEqual([]);
  });

  test('comes as soon as it can be written', async () => {
    const folder = join(data, 'gone');
    await using watcher = new Watcher(join(folder, 'made'));
    await watcher.write();
    mkdirSync(folder);
    await watcher.write();
    expect(readdirSync(folder)).toHaveLength(1);
    rmSync(folder, { recursive: true });
    await watcher.write();
  });
});

/** Has every thread of this process that works on files wait for a pipe. @returns what lets them continue */
async function stalledDisk(): Promise<() => Promise<void>> {
  const pipes = Array.from({ length: 64 }, (_, at) => join(data, `pipe-${at}`));
  execFileSync('mkfifo', pipes);
  const opened = pipes.map((pipe) => open(pipe, 'r'));
  return async () => {
    const writers = pipes.map((pipe) => openSync(pipe, constants.O_RDWR));
    for (const file of await Promise.all(opened)) await file.close();
    for (const fd of writers) closeSync(fd);
    for (const pipe of pipes) rmSync(pipe);
  };
}
