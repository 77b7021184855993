import { execFileSync, spawnSync } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { type KeelOptions, keelBin } from '../keel.ts';

export const hasTmux = spawnSync('tmux', ['-V']).status === 0;

/** The built program inside a tmux of its own, at 100×30. */
export class TmuxRun implements Disposable {
  readonly #env: Record<string, string>;

  constructor(args: readonly string[], { home, cwd, url, env }: KeelOptions) {
    this.#env = {
      PATH: process.env['PATH'] ?? '',
      HOME: home,
      KEEL_HOME: home,
      OPENAI_BASE_URL: url,
      OPENAI_API_KEY: 'sk-test-secret-1234567890',
      TERM: 'xterm-256color',
      LANG: 'C.UTF-8',
      TMUX_TMPDIR: home,
      ...env,
    };
    const size = ['-x', '100', '-y', '30'];
    this.#tmux(
      '-f',
      '/dev/null',
      'new-session',
      '-d',
      '-s',
      'keel',
      '-c',
      cwd,
      ...size,
      process.execPath,
      keelBin,
      ...args,
    );
  }

  /** Sends a text as it is. */
  type(text: string): void {
    this.#tmux('send-keys', '-t', 'keel', '-l', text);
  }

  /** Sends a key by tmux's name for it, such as `Enter`. */
  press(key: string): void {
    this.#tmux('send-keys', '-t', 'keel', key);
  }

  /** The visible rows. */
  screen(): string {
    return this.#tmux('capture-pane', '-p', '-t', 'keel');
  }

  /** Scrollback and screen; rows that tmux wrapped are joined. */
  everything(): string {
    return this.#tmux('capture-pane', '-p', '-J', '-S', '-', '-t', 'keel');
  }

  resize(columns: number, rows: number): void {
    this.#tmux('resize-window', '-t', 'keel', '-x', String(columns), '-y', String(rows));
  }

  /** Whether the program is still there: tmux ends with it. */
  isRunning(): boolean {
    return spawnSync('tmux', ['has-session', '-t', 'keel'], { env: this.#env }).status === 0;
  }

  /** Waits until the screen shows a text, or until it does so no more. */
  async sees(text: string, isThere = true): Promise<void> {
    const end = Date.now() + 30_000;
    while (this.screen().includes(text) !== isThere) {
      if (Date.now() > end) throw new Error(`the screen ${isThere ? 'lacks' : 'still has'} ${text}:\n${this.screen()}`);
      await delay(20);
    }
  }

  [Symbol.dispose](): void {
    spawnSync('tmux', ['kill-server'], { env: this.#env });
  }

  #tmux(...args: readonly string[]): string {
    return execFileSync('tmux', args, { env: this.#env, encoding: 'utf8' });
  }
}
