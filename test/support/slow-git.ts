import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { vi } from 'vitest';
import { tempDir } from './temp-dir.ts';

/** A `git` that hangs in the commands that look at a work tree. `bin` goes to the front of PATH. */
export function slowGit() {
  const dir = tempDir();
  const pidFile = join(dir.path, 'pid');
  const script = `#!/bin/sh
PATH="\${PATH#${dir.path}:}"
case "$*" in *ls-files*|*merge-base*) echo $$ > ${pidFile}.new; mv ${pidFile}.new ${pidFile}; exec sleep 600;; esac
exec git "$@"
`;
  writeFileSync(join(dir.path, 'git'), script, { mode: 0o755 });
  const pid = () => (existsSync(pidFile) ? Number(readFileSync(pidFile, 'utf8')) : null);
  return {
    bin: dir.path,
    /** Of the git that hangs; null if there was none so far. */
    pid,
    /** Resolves with its pid when it hangs. */
    started: () => vi.waitUntil(pid, { timeout: 20_000 }),
    isAlive(): boolean {
      try {
        return process.kill(pid() ?? 0, 0);
      } catch {
        // No such process.
        return false;
      }
    },
    [Symbol.dispose]: () => dir[Symbol.dispose](),
  };
}
