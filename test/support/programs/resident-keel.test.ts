import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { KeelOptions } from '../keel.ts';
import { runCommandLine } from './resident-keel.ts';

let home: string;
let silent: Server;
let options: KeelOptions;
beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'keel-resident-'));
  silent = createServer(() => undefined).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const bound = silent.address();
  const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
  options = { home, cwd: home, url: `http://127.0.0.1:${port}` };
});
afterEach(() => {
  silent.close();
  silent.closeAllConnections();
  rmSync(home, { recursive: true, force: true, maxRetries: 5 });
});

test('a command that hangs is ended and named, and those behind it run', async () => {
  const hung = runCommandLine(['exec', '--skip-git-repo-check', 'go'], options, 1_000);
  const behind = [runCommandLine(['--version'], options), runCommandLine(['--help'], options)];
  await expect(hung).rejects.toThrow('keel exec --skip-git-repo-check go has not ended after 1000 ms');
  expect((await Promise.all(behind)).map(({ code }) => code)).toEqual([0, 0]);
});
