import { setTimeout as delay } from 'node:timers/promises';
import { KeelError, type Session, ThreadOwnedError } from 'keel/session';
import type { TurnInput, TurnJob, TurnOutcome } from '../protocol.ts';
import { isWorkerAddress } from '../worker-address.ts';
import { attach, type OwnerAnswer } from './attach.ts';
import { cutText, MESSAGE_BYTES } from './cut-text.ts';
import { LiveTurn, type StageEnd } from './live-turn.ts';
import { recordedOutcome, recordedSteers, rolloutOf } from './recorded-turn.ts';

export interface LiveTurnsOptions {
  /** Where other workers reach this one, and which process it is; see `newWorkerAddress`. */
  readonly address: string;
  /** Shared by all workers. */
  readonly secret: string;
  readonly parkAfterMs: number;
  /** Hosts of workers besides loopback; see `isWorkerAddress`. */
  readonly workers: readonly string[];
}

/** A stage that is under way here, from the first attempt of the engine to its end. */
interface Stage {
  readonly job: TurnJob;
  readonly end: Promise<StageEnd>;
  /** Inputs that have arrived for it, until something takes them. */
  readonly deliver: (input: TurnInput) => void;
  readonly release: (graceMs: number) => Promise<void>;
  readonly session: () => Session | null;
}

/** An owner that is closing its session has given the thread up by then, ms. */
const CLOSING_MS = 50;
/** Kinds of failures that another attempt may not meet. Any other one is the turn's end. */
const PASSING: ReadonlySet<string> = new Set(['threadBusy', 'threadTaken', 'storageFailed', 'sessionClosed']);

/** The turn can't be run here, or not now: the engine tries again. */
export class TurnMoved extends Error {}

/**
 * The turns that this worker runs. Whatever the engine does (a second attempt after a lost connection, a restart of its server), a
 * turn has one session: an attempt joins the turn that runs here, waits for the worker that has it, or takes it over from a dead one.
 */
export class LiveTurns {
  readonly #options: LiveTurnsOptions;
  readonly #stages = new Map<string, Stage>();
  #isDraining = false;

  constructor(options: LiveTurnsOptions) {
    this.#options = options;
  }

  /** Whether this worker takes no more turns. */
  get isDraining(): boolean {
    return this.#isDraining;
  }

  /** Where this worker says that it is, in the leases of its threads. */
  get address(): string {
    return this.#options.address;
  }

  get size(): number {
    return this.#stages.size;
  }

  /** The session of a thread whose turn runs here; null: none does. */
  sessionOf(threadId: string): Session | null {
    return this.#stages.get(threadId)?.session() ?? null;
  }

  /**
   * Runs a stage to completion, joining one that runs already.
   * @param signal aborts when nobody waits for the result any more; the turn itself runs on
   * @throws TurnMoved when the engine has to try again
   */
  async run(job: TurnJob, signal: AbortSignal): Promise<TurnOutcome> {
    for (;;) {
      signal.throwIfAborted();
      if (this.#isDraining) throw new TurnMoved('this worker is being drained');
      const stage = this.#stages.get(job.threadId);
      if (stage !== undefined && !isSame(stage.job, job)) {
        await stage.end.catch(() => undefined);
        continue;
      }
      const end = await (stage ?? this.#start(job)).end;
      if (end.type === 'moved') throw new TurnMoved(end.why);
      return end;
    }
  }

  /** Hands an input to the stage of a turn, here or on the worker that has it. @returns as `answer`; `gone`: nobody has it now */
  deliver({ threadId, turnId }: Pick<TurnJob, 'threadId' | 'turnId'>, input: TurnInput): OwnerAnswer {
    const stage = this.#stages.get(threadId);
    if (stage?.job.turnId === turnId) stage.deliver(input);
    return this.answer(threadId, turnId);
  }

  /** What another worker is answered that asks for a turn. A result is given once it is there, and can be read from the record later. */
  answer(threadId: string, turnId: string): OwnerAnswer {
    const stage = this.#stages.get(threadId);
    return stage?.job.turnId === turnId && stage.session() !== null ? { type: 'running' } : { type: 'gone' };
  }

  /** Releases every turn for other workers to continue, and takes no more. @param graceMs for what is under way in each */
  async drain(graceMs: number): Promise<void> {
    this.#isDraining = true;
    const stages = [...this.#stages.values()];
    await Promise.all(stages.map((stage) => stage.release(graceMs).catch(() => undefined)));
    await Promise.all(stages.map(({ end }) => end.catch(() => undefined)));
  }

  #start(job: TurnJob): Stage {
    const waiting: TurnInput[] = [...job.inputs];
    const stop = new AbortController();
    let turn: LiveTurn | null = null;
    let releasedWithin: number | null = null;
    const run = async (): Promise<StageEnd> => {
      const opened = await this.#openOrWait({ ...job, inputs: waiting }, stop.signal);
      if (!(opened instanceof LiveTurn)) return opened;
      turn = opened;
      // A drain that came while it was opened.
      if (releasedWithin !== null) void opened.release(releasedWithin);
      for (const input of waiting) opened.deliver(input);
      return opened.end;
    };
    const stage: Stage = {
      job,
      end: run()
        .catch((error: unknown) => failedEnd(error, { ...job, inputs: waiting }))
        .finally(() => this.#stages.delete(job.threadId)),
      deliver: (input) => {
        if (!waiting.some(({ at }) => at === input.at)) waiting.push(input);
        turn?.deliver(input);
      },
      release: async (graceMs) => {
        releasedWithin = graceMs;
        stop.abort(new TurnMoved('this worker is being drained'));
        await turn?.release(graceMs);
      },
      session: () => turn?.session ?? null,
    };
    this.#stages.set(job.threadId, stage);
    return stage;
  }

  /** The turn, open on this worker; or how it ended, where it had ended before or another worker ran it to its end. */
  async #openOrWait(job: TurnJob, signal: AbortSignal): Promise<LiveTurn | StageEnd> {
    const { address, parkAfterMs, secret } = this.#options;
    for (let takeOver = false; ; ) {
      signal.throwIfAborted();
      const rolloutPath = rolloutOf(job);
      const ended = rolloutPath === null ? null : recordedOutcome(job, rolloutPath);
      if (ended !== null) return ended;
      try {
        return await LiveTurn.open({ job, address, rolloutPath, takeOver, parkAfterMs });
      } catch (error) {
        if (!(error instanceof ThreadOwnedError) || error.address === null) throw error;
        if (error.address === address) {
          await delay(CLOSING_MS, undefined, { signal });
          continue;
        }
        if (!isWorkerAddress(this.#options.workers, error.address)) {
          // The secret goes to workers only, and what is none can't say that it lives.
          takeOver = true;
          continue;
        }
        const end = await attach({ job, address: error.address, secret }, job.inputs, signal);
        if (end.type === 'refused') throw new TurnMoved(end.why);
        takeOver = end.type === 'silent';
        if (end.type === 'gone') await delay(CLOSING_MS, undefined, { signal });
      }
    }
  }
}

function isSame(one: TurnJob, other: TurnJob): boolean {
  return one.turnId === other.turnId && one.stage === other.stage;
}

/** A turn that can't be opened ends as failed where another attempt would fail as well. */
function failedEnd(error: unknown, job: TurnJob): StageEnd {
  if (error instanceof KeelError && !PASSING.has(error.kind)) {
    const message = cutText(error.message, MESSAGE_BYTES);
    // Earlier stages may have taken some of the messages.
    const taken = recordedSteers(job);
    return { type: 'ended', status: 'failed', message: null, error: message, tokens: null, taken };
  }
  return { type: 'moved', why: error instanceof Error ? error.message : String(error) };
}
