import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { vi } from 'vitest';

/**
 * A `git` that hangs in some commands: by default in those that look at a work tree. `bin` goes to the front of PATH; it isn't
 * below the temporary directory, where commands may write, since keel takes no git from there.
 */
export function slowGit(commands: readonly string[] = ['ls-files', 'merge-base']) {
  const bin = mkdtempSync('/var/tmp/keel-test-');
  const pidFile = join(bin, 'pid');
  const script = `#!/bin/sh
PATH="\${PATH#${bin}:}"
case "$*" in ${commands.map((command) => `*${command}*`).join('|')}) echo $$ > ${pidFile}.new; mv ${pidFile}.new ${pidFile}; exec sleep 600;; esac
exec git "$@"
`;
  writeFileSync(join(bin, 'git'), script, { mode: 0o755 });
  const pid = () => (existsSync(pidFile) ? Number(readFileSync(pidFile, 'utf8')) : null);
  return {
    bin,
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
    [Symbol.dispose]: () => rmSync(bin, { recursive: true, force: true }),
  };
}
