import { hash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { KeelError } from '../../foundation/protocol/index.ts';
import { hexDigest } from '../../foundation/util/index.ts';
import { failedOutput, type ToolCall, type ToolOutput } from '../contract/index.ts';
import type { HostedRun } from '../orchestrator/index.ts';
import { CallLedger } from './call-ledger.ts';

/** Limit for the partial output of a cut-off call that the model is shown, bytes. */
const MAX_PARTIAL_BYTES = 1_024;
const SHA256_DIGITS = 64;

export interface HostedCall {
  /** Names the call in its thread, the same on every replay. */
  readonly key: string;
  readonly callId: string;
  /** Its name and arguments in one text: the same key with another text is never run. */
  readonly asked: string;
}

export type CallOutcome =
  /** It ran now, or is known to have run before. */
  | { readonly type: 'done'; readonly output: ToolOutput; readonly replayed: boolean }
  /** It was started, its end was not recorded, and the process that ran it is gone. */
  | { readonly type: 'unknown'; readonly startedAt: number; readonly partial: string };

/** What is known of an earlier call. `stopped`: the sandbox stopped it, and a run without the sandbox was not decided. */
export type RecalledCall = CallOutcome | { readonly type: 'stopped' };

/** Runs calls with side effects at most once. */
export interface ToolHost {
  call(call: HostedCall, work: (run: HostedRun) => Promise<ToolOutput>): Promise<CallOutcome>;
  /** What is known of an earlier call; null if it never started. Runs nothing. */
  recall(call: HostedCall): RecalledCall | null;
  /** Whether a call has been started here and not ended: its effect is under way. */
  readonly hasEffects: boolean;
  /** Whether an earlier process started a call and its end is not known. */
  isLost(key: string): boolean;
  /** Forgets the calls of a turn that has ended: its outputs are on the disk, in the rollout. */
  turnEnded(): void;
  close(): void;
}

export interface LocalToolHostOptions {
  /** Null: nothing is kept beyond this process. */
  readonly ledgerPath: string | null;
  /** The file with a running call's output. */
  readonly outputPath: (callId: string) => string;
  readonly now: () => number;
  /** Writes the model's response to the disk: no effect may come before it. */
  readonly syncJournal: () => Promise<void>;
  /** @throws KeelError `threadTaken` once the thread is another process's: no effect may come after that */
  readonly fence: () => void;
}

/** Runs calls in this process and keeps the call ledger on its disk. */
export class LocalToolHost implements ToolHost {
  readonly #options: LocalToolHostOptions;
  readonly #running = new Map<string, { readonly asked: string; readonly outcome: Promise<CallOutcome> }>();
  #ledger: CallLedger | null = null;
  #effects = 0;

  constructor(options: LocalToolHostOptions) {
    this.#options = options;
  }

  async call(call: HostedCall, work: (run: HostedRun) => Promise<ToolOutput>): Promise<CallOutcome> {
    const { key, asked } = call;
    const running = this.#running.get(key);
    if (running) {
      requireSame(running.asked === asked, call);
      return running.outcome;
    }
    const outcome = this.#resolve(call, work).finally(() => this.#running.delete(key));
    this.#running.set(key, { asked, outcome });
    return outcome;
  }

  get hasEffects(): boolean {
    return this.#effects > 0;
  }

  turnEnded(): void {
    // Entries of an earlier process are cleared too, though no call of this one has read them.
    if (this.#running.size === 0) this.#openLedger().clear();
  }

  close(): void {
    this.#ledger?.close();
  }

  recall(call: HostedCall): RecalledCall | null {
    const { key, callId } = call;
    const known = this.#openLedger().get(key);
    if (!known) return null;
    requireSame(known.digest === digestLike(known.digest, call.asked), call);
    switch (known.end.type) {
      case 'done':
        return { type: 'done', output: known.end.output, replayed: true };
      case 'stopped':
        return { type: 'stopped' };
      case 'unknown':
        return { type: 'unknown', startedAt: known.startedAt, partial: lastWords(this.#options.outputPath(callId)) };
    }
  }

  isLost(key: string): boolean {
    return !this.#running.has(key) && this.#openLedger().get(key)?.end.type === 'unknown';
  }

  async #resolve(call: HostedCall, work: (run: HostedRun) => Promise<ToolOutput>): Promise<CallOutcome> {
    const known = this.recall(call);
    if (known && known.type !== 'stopped') return known;
    const { key, asked } = call;
    const { syncJournal, now, fence } = this.#options;
    const ledger = this.#openLedger();
    let started: Promise<unknown> | null = null;
    let output: ToolOutput;
    try {
      output = await work({
        wasStopped: known !== null,
        start: async () => {
          fence();
          if (started === null) this.#effects += 1;
          started ??= Promise.all([syncJournal(), ledger.started(key, hexDigest('cyrb53', asked), now())]);
          await started;
          // A process that was stopped meanwhile may have lost the thread.
          fence();
        },
        stopped: () => {
          ledger.stopped(key);
          this.#effects -= 1;
          started = null;
        },
      });
    } finally {
      if (started !== null) this.#effects -= 1;
    }
    // The handler may have turned a failed start into its output; the turn must not continue without a ledger.
    await started;
    if (ledger.get(key) !== null) {
      fence();
      ledger.done(key, output);
    }
    return { type: 'done', output, replayed: false };
  }

  /** The ledger is read at the first call, so that a thread without calls pays nothing. */
  #openLedger(): CallLedger {
    this.#ledger ??= new CallLedger(this.#options.ledgerPath);
    return this.#ledger;
  }
}

function requireSame(isSame: boolean, call: HostedCall): void {
  if (isSame) return;
  throw new KeelError('rolloutCorrupt', `the call ${call.callId} was recorded with other arguments: it is not run`);
}

export function callText({ name, payload }: ToolCall): string {
  return JSON.stringify([name, payload]);
}

/** Ledgers of earlier versions have a SHA-256. */
function digestLike(recorded: string, text: string): string {
  return recorded.length === SHA256_DIGITS ? hash('sha256', text, 'hex') : hexDigest('cyrb53', text);
}

/** The answer to a call whose end is not known. */
export function unknownOutcome({ partial }: { readonly partial: string }): ToolOutput {
  const said = partial === '' ? '' : ` Last output before that:\n${partial}\n`;
  return failedOutput(
    `unknown outcome: keel was stopped while this call was running, so whether it took effect is not known.${said || ' '}Look at the state it would have changed before you repeat it.`,
    'unknown',
  );
}

function lastWords(path: string): string {
  try {
    const fd = openSync(path, 'r');
    try {
      const size = fstatSync(fd).size;
      const tail = Buffer.alloc(Math.min(size, MAX_PARTIAL_BYTES));
      readSync(fd, tail, 0, tail.length, size - tail.length);
      // The tail may start inside a character.
      const start = tail.subarray(0, 3).findIndex((byte) => (byte & 0xc0) !== 0x80);
      return tail.toString('utf8', Math.max(0, start));
    } finally {
      closeSync(fd);
    }
  } catch {
    // It printed nothing, or its output is gone.
    return '';
  }
}
