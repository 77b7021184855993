import { type ChildProcess, execFile } from 'node:child_process';

/** A clone that takes longer is stuck, ms. */
const LONGEST_MS = 30 * 60_000;
/** How long git may take to end when it is asked to, ms. */
const GRACE_MS = 5_000;
/** Nothing of a repository runs while its work tree is made: no hook, no helper that its URL names. */
const HARMLESS = ['-c', 'core.hooksPath=/dev/null', '-c', 'protocol.ext.allow=never', '-c', 'core.fsmonitor=false'];

/** A work tree could not be made; the message is git's, without what a URL has of a password. */
export class PlaceError extends Error {}

/** Ends when git has ended, also when it is aborted: nothing of it is at work then. @throws PlaceError; the signal's reason */
export async function git(args: readonly string[], signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const env = { PATH: process.env['PATH'], HOME: process.env['HOME'], GIT_TERMINAL_PROMPT: '0', LC_ALL: 'C' };
  const { promise, resolve } = Promise.withResolvers<string | null>();
  const options = { env, timeout: LONGEST_MS, maxBuffer: 16 * 1024 * 1024 };
  const child = execFile('git', [...HARMLESS, ...args], options, (error, _, stderr) => {
    resolve(error === null ? null : stderr || error.message);
  });
  using _ = new Ended(child, signal);
  const failure = await promise;
  signal.throwIfAborted();
  if (failure === null) return;
  throw new PlaceError(`git ${args[0]} failed: ${withoutPasswords(failure).trim().slice(-500)}`);
}

/** Ends a child when a signal aborts: kindly first, so that git removes what it has made. */
class Ended implements Disposable {
  readonly #child: ChildProcess;
  readonly #signal: AbortSignal;
  #timer: NodeJS.Timeout | null = null;

  constructor(child: ChildProcess, signal: AbortSignal) {
    this.#child = child;
    this.#signal = signal;
    signal.addEventListener('abort', this.#end);
  }

  readonly #end = () => {
    // Programs that git has started may keep its pipes open.
    this.#child.stdout?.destroy();
    this.#child.stderr?.destroy();
    this.#child.kill();
    this.#timer = setTimeout(() => this.#child.kill('SIGKILL'), GRACE_MS);
  };

  [Symbol.dispose](): void {
    this.#signal.removeEventListener('abort', this.#end);
    if (this.#timer !== null) clearTimeout(this.#timer);
  }
}

function withoutPasswords(text: string): string {
  return text.replace(/\/\/[^/@\s]+@/g, '//');
}
