import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { StartWait, startedWith } from '../../../../src/system/process/process-tree/process-table.ts';

const isLinux = process.platform === 'linux';
const PATH = process.env['PATH'];

/** The time of a search, with a count of what it was used for. */
class CountedWait extends StartWait {
  waits = 0;

  override wait(): boolean {
    this.waits += 1;
    return super.wait();
  }
}

test.skipIf(!isLinux)('a program is found by its environment from the moment that it is started', async () => {
  const missed: number[] = [];
  for (let n = 0; n < 40; n += 1) {
    const child = spawn('sleep', ['30'], { env: { PATH, KEEL_TEST_MARK: `m${n}` }, stdio: 'ignore' });
    if (!startedWith(child.pid ?? 0, ['KEEL_TEST_MARK=other', `KEEL_TEST_MARK=m${n}\0`])) missed.push(n);
    child.kill('SIGKILL');
    await once(child, 'close');
  }
  expect(missed).toEqual([]);
});

test.skipIf(!isLinux)('no search waits for a program that is ending', async () => {
  const child = spawn('sleep', ['30'], { env: { PATH, KEEL_TEST_MARK: 'ends' }, stdio: 'ignore' });
  const pid = child.pid ?? 0;
  expect(startedWith(pid, ['KEEL_TEST_MARK=ends'])).toBe(true);
  child.kill('SIGKILL');
  const start = new CountedWait();
  // Nobody collects its exit status as long as this runs.
  const hasEnded = () => /\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  while (!hasEnded()) startedWith(pid, ['KEEL_TEST_MARK=ends'], start);
  expect(startedWith(pid, ['KEEL_TEST_MARK=ends'], start)).toBe(false);
  expect(start.waits).toBe(0);
  await once(child, 'close');
});

test('a search waits a hundred times at most, for all programs together', () => {
  const start = new CountedWait();
  while (start.wait());
  expect(start.waits).toBe(101);
  expect(start.wait()).toBe(false);
});
