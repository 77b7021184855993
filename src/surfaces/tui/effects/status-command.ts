import { once } from 'node:events';
import { onAbort } from '../../../foundation/util/index.ts';
import { type Config, commandEnvironment } from '../../../storage/config/index.ts';
import { startProgram } from '../../../system/process/index.ts';
import type { StatusInput } from '../status-parts.ts';

/** How long a change rests before the command is run, ms. */
const REST_MS = 300;
const TIMEOUT_MS = 5_000;
const MAX_OUTPUT_CHARS = 16 * 1024;
const WHOLE_ENVIRONMENT = {
  inherit: 'all',
  ignoreDefaultExcludes: true,
  exclude: [],
  set: {},
  includeOnly: [],
} as const;

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
      return firstLineOf(command, JSON.stringify(input), config, signal);
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

/** The command runs without keel's keys, in a process group of its own, all of which ends with it or after the time limit. */
async function firstLineOf(command: string, input: string, config: Config, signal: AbortSignal): Promise<string> {
  const env = commandEnvironment({ ...config, shellEnvironmentPolicy: WHOLE_ENVIRONMENT }, config.env);
  const child = startProgram('/bin/sh', ['-c', command], {
    cwd: config.cwd,
    env,
    detached: true,
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const { pid } = child;
  const end = () => {
    if (pid !== undefined) killGroup(pid);
  };
  using _listener = onAbort(signal, end);
  let output = '';
  child.stdin?.on('error', () => {
    // A command need not read what it is given.
  });
  child.stdin?.end(input);
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output = (output + text).slice(0, MAX_OUTPUT_CHARS);
  });
  try {
    await once(child, 'close');
  } finally {
    end();
  }
  return child.exitCode === 0 ? (output.split('\n')[0] ?? '').trimEnd() : '';
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // All of it has ended.
  }
}
