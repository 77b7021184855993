import { setImmediate as eventLoopTurn } from 'node:timers/promises';
import {
  type Config,
  KeelError,
  loadConfig,
  openSession,
  recordedSubmissions,
  type Session,
  type SessionEvent,
  type SessionEventOf,
  submitIfOpen,
  version,
} from 'keel/session';
import { type Question, steerId, steerOp, type TurnInput, type TurnJob, type TurnOutcome } from '../protocol.ts';
import { loadPictures } from '../service/pictures.ts';
import { cutText, MESSAGE_BYTES, shownQuestion } from './cut-text.ts';
import { takenSteers } from './recorded-turn.ts';

/** How a stage ended on this worker. `moved`: it continues elsewhere, or has to be tried again. */
export type StageEnd = TurnOutcome | { readonly type: 'moved'; readonly why: string };

export interface LiveTurnOptions {
  readonly job: TurnJob;
  /** Where this worker serves its turns. */
  readonly address: string;
  /** Null: the thread is not recorded yet. */
  readonly rolloutPath: string | null;
  readonly takeOver: boolean;
  /** How long a question waits in memory before its turn is released, ms. */
  readonly parkAfterMs: number;
}

type Answer = Extract<TurnInput['input'], { type: 'answer' }>;

/** How soon it is looked again whether a turn can be parked, ms: a command that runs beside the question is not cut off for that. */
const PARK_LOOK_MS = 1_000;
/** For what is under way in a turn that only waits, ms: nothing is. */
const PARK_GRACE_MS = 60_000;

/**
 * The settings of a turn: those in the thread's home, and what the thread overrides. Keys and tokens are in this worker's
 * environment or files, and in nothing that the engine sees.
 * @throws KeelError `invalidConfig`, `missingCredentials`
 */
export function configOf({ place, settings }: Pick<TurnJob, 'place' | 'settings'>): Promise<Config> {
  const env = { ...process.env, KEEL_HOME: place.home };
  return loadConfig({ env, cwd: place.cwd, overrides: settings.overrides, flags: {} });
}

/** A turn that runs in this process: one session, from its opening to its end or release. */
export class LiveTurn {
  readonly job: TurnJob;
  readonly session: Session;
  readonly end: Promise<StageEnd>;
  readonly #options: LiveTurnOptions;
  /** By their numbers. */
  readonly #delivered = new Map<number, TurnInput>();
  readonly #questions = new Map<string, Question>();
  #parkTimer: NodeJS.Timeout | null = null;
  #release: Promise<void> | null = null;
  #completed: SessionEventOf<'turn.completed'> | null = null;
  #failure: string | null = null;
  #tokens: number | null = null;
  #isCertain = true;

  private constructor(session: Session, options: LiveTurnOptions) {
    this.job = options.job;
    this.session = session;
    this.#options = options;
    this.end = this.#follow(session.events({ deltas: false }));
  }

  /** @throws KeelError as `openSession` does: `threadBusy` is a `ThreadOwnedError` with the owner's address */
  static async open(options: LiveTurnOptions): Promise<LiveTurn> {
    const { job, address, rolloutPath, takeOver } = options;
    const config = await configOf(job);
    const session = await openSession({
      config,
      origin:
        rolloutPath === null
          ? { type: 'new', label: { threadId: job.threadId } }
          : { type: 'resume', id: rolloutPath, takeOver },
      source: 'sdk',
      originator: 'keel_fleet',
      version,
      ephemeral: false,
      canAsk: true,
      // Who is never asked for an approval is not there to answer either: the turn would wait forever.
      answersQuestions: config.approvalPolicy !== 'never',
      checksOutput: true,
      unfinishedTurn: 'continue',
      settings: 'thread',
      address,
    });
    return new LiveTurn(session, options);
  }

  /** Hands an input to the session. Inputs come again with each stage and each attempt: one that arrived before is passed over. */
  deliver(arrived: TurnInput): void {
    const { at, input } = arrived;
    if (this.#delivered.has(at)) return;
    this.#delivered.set(at, arrived);
    switch (input.type) {
      case 'answer':
        // An answer that is here before its question (a question of before the move is asked again under its id) waits for it.
        if (this.#questions.has(input.questionId)) this.#answer(input);
        return;
      case 'interrupt':
        return submitIfOpen(this.session, { type: 'interrupt' });
      case 'steer': {
        return this.#submitSteer(loadPictures(this.job.place.home, steerOp(input)), steerId(this.job.turnId, at));
      }
    }
  }

  /** Lets the turn go without an end. What is under way has `graceMs` to finish, or less if an earlier call said so. */
  release(graceMs: number): Promise<void> {
    const released = this.session.release(graceMs);
    this.#release ??= released;
    return released;
  }

  #submitSteer(op: Parameters<Session['submit']>[0], id: string): void {
    try {
      this.session.submit(op, id);
    } catch (error) {
      // A session that has ended has not taken it: the outcome says so, and it becomes the next turn.
      if (!(error instanceof KeelError && error.kind === 'sessionClosed')) throw error;
    }
  }

  async #follow(events: AsyncIterable<SessionEvent>): Promise<StageEnd> {
    try {
      for await (const event of events) {
        if (event.type === 'thread.started') this.#begin(event);
        else this.#note(event);
        if (event.type === 'turn.completed') void this.#closeWhenIdle();
      }
    } catch (error) {
      // What this worker can't run it does not keep.
      await this.session.close().catch(() => undefined);
      throw error;
    } finally {
      if (this.#parkTimer !== null) clearTimeout(this.#parkTimer);
    }
    await this.#release?.catch(() => undefined);
    return this.#stageEnd();
  }

  /** A turn that is open continues by itself; one that never began, or was cut off before its first step, is submitted. */
  #begin({ turns }: SessionEventOf<'thread.started'>): void {
    const { turnId, op, inputs } = this.job;
    const recorded = this.#options.rolloutPath === null ? null : recordedSubmissions(this.#options.rolloutPath);
    const continues = turns.at(-1)?.status === 'inProgress';
    if (!continues && recorded?.ended.has(turnId) !== true) {
      this.session.submit(loadPictures(this.job.place.home, op), turnId);
    }
    for (const input of inputs) {
      const id = steerId(turnId, input.at);
      if (recorded?.taken.has(id) || recorded?.ended.has(id)) this.#delivered.set(input.at, input);
    }
    for (const input of inputs) this.deliver(input);
  }

  #note(event: SessionEvent): void {
    switch (event.type) {
      case 'approval.requested':
        return this.#asked(event);
      case 'approval.resolved':
        this.#questions.delete(event.questionId);
        return this.#schedulePark();
      case 'turn.started':
        this.#completed = null;
        return;
      case 'turn.completed':
        this.#completed = event;
        this.#isCertain &&= event.status === 'completed';
        return;
      case 'usage.updated':
        this.#tokens = event.info?.total_token_usage.total_tokens ?? this.#tokens;
        return;
      case 'warning':
        // One of them says that the end could not be recorded.
        this.#isCertain = false;
        return;
      case 'error':
        if (!event.willRetry) this.#failure = `${event.error.kind}: ${event.error.message}`;
        return;
      default:
        return;
    }
  }

  #asked({ request }: SessionEventOf<'approval.requested'>): void {
    const { questionId } = request;
    this.#questions.set(questionId, shownQuestion(request));
    for (const { input } of this.#delivered.values()) {
      if (input.type === 'answer' && input.questionId === questionId) return this.#answer(input);
    }
    this.#schedulePark();
  }

  #answer({ questionId, decision }: Answer): void {
    submitIfOpen(this.session, { type: 'approval', questionId, decision });
  }

  #schedulePark(): void {
    if (this.#parkTimer !== null) clearTimeout(this.#parkTimer);
    this.#parkTimer = null;
    if (this.#questions.size > 0) this.#parkTimer = setTimeout(() => this.#park(), this.#options.parkAfterMs);
  }

  /** Until the turn can be released at once it takes what arrives as before: answers, messages, an interrupt, a drain. */
  #park(): void {
    if (this.session.isOnlyWaiting) void this.release(PARK_GRACE_MS).catch(() => undefined);
    else this.#parkTimer = setTimeout(() => this.#park(), Math.min(PARK_LOOK_MS, this.#options.parkAfterMs));
  }

  /** Steering that came too late starts a turn of its own right behind this one, which belongs to the stage. */
  async #closeWhenIdle(): Promise<void> {
    await eventLoopTurn();
    if (this.#completed === null) return;
    await this.session.close().catch(() => undefined);
  }

  #stageEnd(): StageEnd {
    const completed = this.#completed;
    if (completed === null) {
      if (this.#release !== null && this.#questions.size > 0)
        return { type: 'parked', questions: [...this.#questions.values()] };
      return { type: 'moved', why: this.#failure ?? 'the turn was released' };
    }
    const { rolloutPath } = this.session;
    const inputs = [...this.#delivered.values()];
    const hasSteers = inputs.some(({ input }) => input.type === 'steer');
    const recorded = !this.#isCertain || hasSteers ? rolloutPath && recordedSubmissions(rolloutPath) : null;
    // Another worker has taken the thread, and what was seen here is not what happened.
    if (recorded && !recorded.ended.has(completed.turnId)) {
      return { type: 'moved', why: this.#failure ?? 'the end of the turn is not recorded' };
    }
    return {
      type: 'ended',
      status: completed.status,
      message: cutText(completed.lastAgentMessage, MESSAGE_BYTES),
      error: completed.error === null ? null : cutText(completed.error.message, MESSAGE_BYTES),
      tokens: this.#tokens,
      taken: recorded ? takenSteers({ ...this.job, inputs }, recorded) : [],
    };
  }
}
