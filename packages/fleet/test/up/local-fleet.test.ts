import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { processesWith } from '../../../../test/support/keel.ts';
import { tempDir } from '../../../../test/support/temp-dir.ts';
import { LocalFleet } from '../../src/up/local-fleet.ts';

/** The first that runs in a folder ends at once; the others neither report nor end. */
const WORKER = `
import { writeFileSync } from 'node:fs';
try {
  writeFileSync('first', '', { flag: 'wx' });
  process.exit(9);
} catch {
  setInterval(() => undefined, 1_000);
}
`;

test.skipIf(process.platform !== 'linux')(
  'a fleet of which one part fails to start leaves none of the others running',
  async () => {
    using dir = tempDir();
    dir.write({ 'worker.mjs': WORKER, 'no-engine': '#!/bin/sh\nexec sleep 600\n' });
    chmodSync(join(dir.path, 'no-engine'), 0o755);
    const options = {
      dir: dir.path,
      binary: join(dir.path, 'no-engine'),
      workers: 3,
      parkAfterMs: 60_000,
      port: 0,
      workerProgram: join(dir.path, 'worker.mjs'),
      env: { PATH: process.env['PATH'], HOME: dir.path },
      log: () => undefined,
    };
    await expect(LocalFleet.start(options, new AbortController().signal)).rejects.toThrow(
      'it ended early: exit code 9',
    );
    expect(processesWith(`HOME=${dir.path}`)).toEqual([]);
  },
);
