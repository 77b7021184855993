import { existsSync, readdirSync, rmSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { restoreSnapshot, takeSnapshot, tidySnapshotsIfDue } from '../../../src/system/git/index.ts';
import type { GhostCommit } from '../../../src/system/git/snapshots/ghost-commit.ts';
import { slowGit } from '../../support/slow-git.ts';
import { edit, type Playground, playground } from './support.ts';

const DAY_MS = 24 * 3_600_000;

async function snapshotOf(dir: Playground): Promise<GhostCommit> {
  const taken = await takeSnapshot(dir.options());
  if (taken.type !== 'taken') throw new Error(taken.reason);
  return taken.snapshot;
}

/** Makes a file or directory look as if it had last been written some days ago. */
function age(path: string, days: number): void {
  const time = new Date(Date.now() - days * DAY_MS);
  utimesSync(path, time, time);
}

function storeOf(dir: Playground): string {
  const stores = join(dir.options().home, 'undo');
  const [name] = readdirSync(stores).filter((each) => /^[0-9a-f]{24}$/.test(each));
  if (name === undefined) throw new Error('no snapshot was taken');
  return join(stores, name);
}

const refOf = (dir: Playground, { id }: GhostCommit) => join(storeOf(dir), 'refs', 'snapshots', id);

test('old snapshots of a work tree go and the young ones of a live thread stay', async () => {
  using dir = playground();
  dir.write({ a: 'first\n' });
  const old = await snapshotOf(dir);
  edit(dir.root, 'echo second > a');
  const young = await snapshotOf(dir);
  age(refOf(dir, old), 15);
  age(refOf(dir, young), 13);
  await tidySnapshotsIfDue(dir.options());
  expect([old, young].map((each) => existsSync(refOf(dir, each)))).toEqual([false, true]);
  edit(dir.root, 'echo third > a');
  expect(await restoreSnapshot(young, dir.options())).toMatchObject({
    type: 'restored',
    changes: [{ path: 'a', change: 'modified' }],
  });
});

test('snapshots of a work tree that no longer exists go with their store', async () => {
  using dir = playground();
  dir.write({ a: 'first\n' });
  const snapshot = await snapshotOf(dir);
  const store = storeOf(dir);
  rmSync(dir.root, { recursive: true });
  for (const days of [13, 15]) {
    expect(existsSync(store)).toBe(true);
    for (const path of [refOf(dir, snapshot), store]) age(path, days);
    await tidySnapshotsIfDue({ ...dir.options(), now: () => Date.now() + (days - 13) * DAY_MS });
  }
  expect(existsSync(store)).toBe(false);
});

test('one run a day is enough, but a run that was stopped is due again', async () => {
  using dir = playground();
  dir.write({ a: 'first\n' });
  const snapshot = await snapshotOf(dir);
  const ref = refOf(dir, snapshot);
  await tidySnapshotsIfDue(dir.options());
  for (const path of [ref, storeOf(dir)]) age(path, 20);
  await tidySnapshotsIfDue(dir.options());
  expect(existsSync(ref)).toBe(true);
  const tomorrow = { ...dir.options(), now: () => Date.now() + DAY_MS };
  await tidySnapshotsIfDue({ ...tomorrow, signal: AbortSignal.abort() });
  expect(existsSync(ref)).toBe(true);
  await tidySnapshotsIfDue(tomorrow);
  expect(existsSync(ref)).toBe(false);
});

test('contents that a stopped run did not prune are pruned by the next one', async () => {
  using dir = playground();
  dir.write({ a: 'first\n' });
  const old = await snapshotOf(dir);
  edit(dir.root, 'echo second > a');
  await snapshotOf(dir);
  const blob = join(storeOf(dir), 'objects', old.id.slice(0, 2), old.id.slice(2));
  age(refOf(dir, old), 15);
  age(blob, 15);
  // Its git never comes to prune anything.
  using slow = slowGit(['prune']);
  const options = dir.options();
  const env = { ...options.env, PATH: `${slow.bin}:${process.env['PATH']}` };
  const stop = new AbortController();
  const stopped = tidySnapshotsIfDue({ ...options, env, signal: stop.signal });
  await slow.started();
  stop.abort();
  await stopped;
  expect(statSync(blob).isFile()).toBe(true);
  await tidySnapshotsIfDue(dir.options());
  expect(existsSync(blob)).toBe(false);
});
