import type { Config } from '../../../storage/config/index.ts';
import type { StatusInput } from '../status-parts.ts';
import { runUserCommand } from './user-command.ts';

/** How long a change rests before the command is run, ms. */
const REST_MS = 300;
const TIMEOUT_MS = 5_000;
/** Runs the command of the user's that writes the last row: after changes, one at a time, the newest change last. */
export class StatusCommand {
  readonly #onLine: (text: string) => void;
  readonly #restMs: number;
  readonly #timeoutMs: number;
  readonly #stop = new AbortController();
  #rest: NodeJS.Timeout | null = null;
  #isRunning = false;
  #next: (() => Promise<string>) | null = null;

  /** `onLine`: gets the first line that it prints; nothing of a run that fails. Times in ms. */
  constructor(onLine: (text: string) => void, { restMs = REST_MS, timeoutMs = TIMEOUT_MS } = {}) {
    this.#onLine = onLine;
    this.#restMs = restMs;
    this.#timeoutMs = timeoutMs;
  }

  close(): void {
    this.#stop.abort();
    if (this.#rest !== null) clearTimeout(this.#rest);
  }

  run(command: string, input: StatusInput, config: Config): void {
    this.#next = () => {
      const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(this.#timeoutMs)]);
      return runUserCommand(command, { input: JSON.stringify(input) }, config, signal);
    };
    this.#rest ??= setTimeout(() => {
      this.#rest = null;
      void this.#runNext();
    }, this.#restMs);
  }

  async #runNext(): Promise<void> {
    if (this.#isRunning) return;
    this.#isRunning = true;
    try {
      for (let work = this.#next; work !== null && !this.#stop.signal.aborted; work = this.#next) {
        this.#next = null;
        const line = await work();
        if (line !== '' && !this.#stop.signal.aborted) this.#onLine(line);
      }
    } catch {
      // A command that can't be run leaves the row as it was: nothing depends on it.
    } finally {
      this.#isRunning = false;
    }
  }
}
