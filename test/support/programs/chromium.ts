import { execFile, execFileSync } from 'node:child_process';
import { promisify } from 'node:util';
import { tempDir } from '../temp-dir.ts';

const run = promisify(execFile);

/** Whether the browser is on this machine. */
export const hasChromium = (() => {
  try {
    execFileSync('chromium', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

export interface PageOptions {
  /** CSS pixels. */
  readonly size?: readonly [number, number];
  /** Where a picture of the page goes. */
  readonly screenshot?: string;
}

/** Opens a page in the browser with a fresh profile. @returns the loaded page as HTML */
export async function openPage(url: string, { size = [1000, 1200], screenshot }: PageOptions = {}): Promise<string> {
  using profile = tempDir();
  const what = screenshot === undefined ? '--dump-dom' : `--screenshot=${screenshot}`;
  const { stdout } = await run(
    'chromium',
    [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-sync',
      '--no-first-run',
      `--user-data-dir=${profile.path}`,
      `--window-size=${size.join(',')}`,
      '--virtual-time-budget=2000',
      what,
      url,
    ],
    { timeout: 30_000, maxBuffer: 64 * 1024 * 1024 },
  );
  return stdout;
}
