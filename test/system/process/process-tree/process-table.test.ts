import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { StartWait, startedWith } from '../../../../src/system/process/process-tree/process-table.ts';
import { tempDir } from '../../../support/temp-dir.ts';

/** Of so many looks at a program that starts itself again and again, hundreds meet it without an environment. */
const LOOKS = 3_000;

test.skipIf(process.platform !== 'linux')(
  'a program is found by its environment while it is being started',
  async () => {
    using dir = tempDir();
    dir.write({ again: '#!/bin/sh\nexec "$0"\n' });
    const program = join(dir.path, 'again');
    chmodSync(program, 0o755);
    const child = spawn(program, [], { env: { KEEL_TEST_MARK: 'again' }, stdio: 'ignore' });
    let missed = 0;
    for (let look = 0; look < LOOKS; look += 1) {
      if (!startedWith(child.pid ?? 0, ['KEEL_TEST_MARK=other', 'KEEL_TEST_MARK=again\0'])) missed += 1;
    }
    child.kill('SIGKILL');
    await once(child, 'close');
    expect(missed).toBe(0);
  },
);

test('a search waits a hundred times at most, for all programs together', () => {
  const start = new StartWait();
  let waits = 0;
  while (start.wait()) waits += 1;
  expect(waits).toBe(100);
  expect(start.wait()).toBe(false);
});
