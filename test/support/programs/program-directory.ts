import { mkdtempSync, rmSync } from 'node:fs';
import { onTestFinished } from 'vitest';

/**
 * A folder for programs that keel itself is to start, gone when the test ends. It isn't below the temporary directories: commands
 * may write there, so keel takes no program from there.
 */
export function programDirectory(): string {
  const path = mkdtempSync('/var/tmp/keel-test-');
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}
