import { setTimeout as delay } from 'node:timers/promises';
import {
  type ApprovalDecision,
  KeelError,
  type SettingsUpdate,
  toKeelError,
} from '../../../foundation/protocol/index.ts';
import { monotonicMs, within } from '../../../foundation/util/index.ts';
import type { DoneTask, OpenTurn } from '../../../storage/rollout/index.ts';
import { TurnInterrupted, TurnReleased } from '../../steps/index.ts';
import type { TurnOutcome } from '../../turn/index.ts';
import { outcomeOf, type SessionTask } from '../tasks/task.ts';
import { regularTask, userShellTask } from '../tasks/tasks.ts';
import { runUserShell } from '../tasks/user-shell.ts';
import { rollBack } from '../thread/rollback.ts';
import type { AbortReason, ActiveTurn } from './active-turn.ts';
import { beginTurn, newTurn } from './begin.ts';
import { endTurn } from './end.ts';
import type { TurnDeps } from './turn-deps.ts';
import type { PendingInput } from './turn-input.ts';

/** How long a cancelled task has to settle by itself before its turn ends without it, milliseconds. */
const ABORT_GRACE_MS = 100;
/** How often a turn that is let go is looked at, milliseconds. */
const RELEASE_CHECK_MS = 20;

export interface NewInput extends PendingInput {
  readonly settings: SettingsUpdate;
  /** For the turn that this input starts; ignored when it joins a running one. */
  readonly outputSchema?: unknown;
}

interface TurnStart {
  readonly input?: PendingInput;
  readonly outputSchema?: unknown;
  /** A turn that a crash cut off, or that was released. */
  readonly recorded?: OpenTurn;
}

type Phase =
  | { readonly type: 'idle' }
  | { readonly type: 'running'; readonly active: ActiveTurn }
  /** Somebody ends it: its task, or an abort. A task that stops too slowly can settle after that. */
  | { readonly type: 'ending'; readonly active: ActiveTurn };

/**
 * The turns of a session: at most one runs. It is registered before its task's first instruction, and ended exactly once,
 * by whoever comes first: the task or an abort.
 */
export class Turns {
  readonly #deps: TurnDeps;
  #phase: Phase = { type: 'idle' };
  /** When what a release waits for is cut off: the earliest time that was asked for. */
  #releaseBy = Number.POSITIVE_INFINITY;
  #waiting: { readonly task: SessionTask; readonly turnId: string } | null = null;

  constructor(deps: TurnDeps) {
    this.#deps = deps;
  }

  /** Applies the settings, then hands the input to the running turn or starts one under the submission's id. */
  submitInput(input: NewInput): void {
    this.#deps.state.configure(input.settings);
    const active = this.#active;
    if (active === null) this.#start(regularTask, input.submissionId, { input, outputSchema: input.outputSchema });
    else {
      if (input.items.length > 0) active.input.add(input);
      // What comes after the turn's own task is done starts the next one.
      const isTaken = this.#phase.type === 'running' && !active.isOwnTaskDone;
      if (!isTaken && input.items.length > 0) return;
      this.#deps.emit({ type: 'submission.joined', turnId: active.context.turnId, id: input.submissionId });
    }
  }

  /** Starts a task now, or when the running turn has ended; at most one waits, and the newest replaces it. */
  startWhenIdle(task: SessionTask, turnId: string): void {
    const active = this.#active;
    if (active === null) {
      this.#start(task, turnId);
      return;
    }
    if (this.#waiting !== null) this.#reportDropped(active, [this.#waiting.turnId]);
    this.#waiting = { task, turnId };
  }

  /** Runs the user's command as a turn of its own, or beside the running one, which gets its record with the next request. */
  userShell(command: string, id: string): void {
    const phase = this.#phase;
    if (phase.type === 'idle') this.#start(userShellTask(command), id);
    // A turn that is being ended records nothing more.
    else if (phase.type === 'ending') void phase.active.ended.then(() => this.userShell(command, id));
    else {
      const { active } = phase;
      const run = runUserShell(this.#deps, active, { command, id }, active.abort.signal);
      const done = run.then(
        ({ note, item }) => {
          active.recorder.show({ type: 'item.completed', turnId: active.context.turnId, item });
          active.input.addRecord({ submissionId: id, record: note });
        },
        (error: unknown) => this.#deps.services.log.crash(error),
      );
      active.runBeside('user_shell', done);
    }
  }

  /**
   * Takes the user's last turns out of the conversation.
   * @throws KeelError `threadBusy` while a turn runs, `invalidInput`
   */
  async rollBack(turns: number): Promise<void> {
    if (this.#active) throw new KeelError('threadBusy', 'a turn is running: interrupt it before turns are taken back');
    await rollBack(this.#deps, turns);
  }

  /** Ends the running turn as replaced, then starts this task. */
  async replace(task: SessionTask, turnId: string): Promise<void> {
    await this.abort('replaced');
    this.#start(task, turnId);
  }

  /** Continues a turn that a crash cut off: its steps are replayed, then it runs on. */
  resume(recorded: OpenTurn): void {
    this.#start(regularTask, recorded.turnId, { recorded });
  }

  /** Hands an answer to its question; `abort` ends the turn as well. @returns whether that question waited for an answer */
  async answer(questionId: string, decision: ApprovalDecision): Promise<boolean> {
    const approvals = this.#active?.approvals;
    if (!approvals?.isAwaiting(questionId)) return false;
    if (decision.type === 'abort') await this.abort('interrupted');
    else approvals.answer(questionId, decision);
    return true;
  }

  /** Stops what runs, if anything does: asks, waits a short grace, then ends the turn without it. */
  async abort(reason: AbortReason): Promise<void> {
    this.#deps.agents.interruptAll();
    for (let phase = this.#phase; phase.type !== 'idle'; phase = this.#phase) {
      if (phase.type === 'running') await this.#abortRunning(phase.active, reason);
      else await phase.active.ended;
    }
  }

  /**
   * Lets the turn that runs go without an end, so that another process can continue it at its very step: behind the step that it is
   * in, or at once where nothing is under way but a question. When the time is up it is cut off there, as a crash would. A second
   * call leaves less time, never more.
   */
  async release(graceMs: number): Promise<void> {
    const { agents } = this.#deps;
    this.#releaseBy = Math.min(this.#releaseBy, monotonicMs() + graceMs);
    const children = agents.release(graceMs);
    for (let phase = this.#phase; phase.type !== 'idle'; phase = this.#phase) {
      if (phase.type !== 'running') await Promise.all([phase.active.ended, this.#releaseChild(phase.active)]);
      // What has no steps to continue by is finished here rather than begun again elsewhere.
      else if (phase.active.context.taskKind === 'regular' || !(await this.#endsInTime(phase.active))) {
        // It may have begun to end meanwhile, or another call may let it go.
        if (this.#phase === phase) await this.#releaseRunning(phase.active);
      }
    }
    await children;
  }

  /** Whether a turn runs in which nothing is under way but questions, its own or those of subagents or a reviewer. */
  get isOnlyWaiting(): boolean {
    const { agents, services } = this.#deps;
    const active = this.#phase.type === 'running' ? this.#phase.active : null;
    if (active === null || services.toolHost.hasEffects || !agents.areOnlyWaiting) return false;
    if (active.context.taskKind !== 'regular' && active.child?.isOnlyWaiting !== true) return false;
    // Beside its own task there may be commands of the user.
    return active.tasks.size === 1 && this.#waits(active);
  }

  /** Whether a turn ends by itself before it has to be released. One that asks the user has nobody here to answer any more. */
  async #endsInTime(active: ActiveTurn): Promise<boolean> {
    while (monotonicMs() < this.#releaseBy && !active.approvals.isWaiting) {
      if (await settlesWithin(active.ended, RELEASE_CHECK_MS)) return true;
    }
    return false;
  }

  async #releaseRunning(active: ActiveTurn): Promise<void> {
    this.#phase = { type: 'ending', active };
    active.letGo.abort();
    await Promise.all([this.#settlesToBeReleased(active), this.#releaseChild(active)]);
    active.recorder.recordBudget();
    active.recorder.letGo();
    this.#deps.services.seal();
    this.#deps.agents.interruptAll();
    active.abort.abort();
    await settlesWithin(active.tasksDone(), ABORT_GRACE_MS);
    this.#dropWaiting(active);
    this.#phase = { type: 'idle' };
    active.end();
  }

  /** A failure of its end is its own to report, and its parent is released all the same. */
  async #releaseChild({ child }: ActiveTurn): Promise<void> {
    await child?.release(Math.max(0, this.#releaseBy - monotonicMs())).catch(() => undefined);
  }

  /** Whether calls of it wait for the user or a subagent, and the response that they are from is there. */
  #waits({ approvals, steps }: ActiveTurn): boolean {
    return (approvals.isWaiting || this.#deps.agents.isWaitedFor) && steps?.isSampling !== true;
  }

  async #settlesToBeReleased(active: ActiveTurn): Promise<void> {
    const { services } = this.#deps;
    while (monotonicMs() < this.#releaseBy) {
      const isDone = await settlesWithin(active.tasksDone(), RELEASE_CHECK_MS);
      // What only waits does so again elsewhere.
      if (!services.toolHost.hasEffects && (isDone || this.#waits(active))) return;
      // The task has ended, but not yet all calls that it began.
      if (isDone) await delay(RELEASE_CHECK_MS);
    }
  }

  get #active(): ActiveTurn | null {
    return this.#phase.type === 'idle' ? null : this.#phase.active;
  }

  async #abortRunning(active: ActiveTurn, reason: AbortReason): Promise<void> {
    this.#phase = { type: 'ending', active };
    active.abort.abort();
    if (!(await settlesWithin(active.tasksDone(), ABORT_GRACE_MS))) {
      const kinds = [...active.tasks].map(({ kind }) => kind).join(', ');
      this.#deps.services.log.warn(
        `turn ${active.context.turnId} did not stop within ${ABORT_GRACE_MS} ms: ${kinds} still runs`,
      );
    }
    this.#dropWaiting(active);
    await endTurn(this.#deps, active, { type: 'interrupted' }, reason);
    this.#phase = { type: 'idle' };
    active.end();
  }

  /** Drops what waits for a turn that is stopped; its surface can offer it again. */
  #dropWaiting(active: ActiveTurn): void {
    const ids = active.input.takeLater().map(({ submissionId }) => submissionId);
    if (this.#waiting !== null) ids.push(this.#waiting.turnId);
    this.#waiting = null;
    this.#reportDropped(active, ids);
  }

  #reportDropped({ context }: ActiveTurn, ids: readonly string[]): void {
    if (ids.length > 0) this.#deps.emit({ type: 'submissions.dropped', turnId: context.turnId, ids: [...ids] });
  }

  #start(task: SessionTask, turnId: string, { input, outputSchema, recorded }: TurnStart = {}): void {
    const { kind, focus } = task;
    const active = newTurn(this.#deps, {
      turnId,
      taskKind: kind,
      focus,
      outputSchema,
      budgetUsed: recorded?.budgetUsed ?? null,
      offer: recorded?.offer ?? null,
    });
    if (input && input.items.length > 0) active.input.add(input);
    this.#phase = { type: 'running', active };
    const { context } = active;
    this.#deps.emit({
      type: 'turn.started',
      turnId,
      taskKind: context.taskKind,
      modelContextWindow: context.model.effectiveContextWindow,
    });
    void this.#drive(active, active.runOwn(this.#outcomeOf(task, active, recorded?.lines ?? null)));
  }

  /** Ends the turn when its task has. An abort that came first ends the turn itself. */
  async #drive(active: ActiveTurn, ownTask: Promise<TurnOutcome>): Promise<void> {
    const outcome = await ownTask;
    await active.tasksDone();
    if (this.#phase.type !== 'running' || this.#phase.active !== active) return;
    this.#phase = { type: 'ending', active };
    // A turn can fail while calls of it still run: what nobody waits for any more is stopped.
    if (outcome.type === 'failed') {
      active.abort.abort();
      this.#deps.agents.interruptAll();
    }
    await endTurn(this.#deps, active, outcome, null);
    this.#phase = { type: 'idle' };
    this.#startNext(active);
    active.end();
  }

  #startNext(ended: ActiveTurn): void {
    const waiting = this.#waiting;
    this.#waiting = null;
    if (waiting) this.#start(waiting.task, waiting.turnId);
    // Input that came too late for the turn starts the next one, under its own id; never the turn that failed on it again.
    const late = ended.input.take().filter(({ submissionId }) => submissionId !== ended.context.turnId);
    for (const input of late) this.submitInput({ ...input, settings: {} });
  }

  /** What an earlier process has done of the task; undefined: not all that it is for. Another turn may get the id. */
  #takeDone({ kind }: SessionTask, turnId: string): DoneTask | undefined {
    const { doneTasks } = this.#deps;
    const done = kind === 'regular' ? undefined : doneTasks.get(turnId);
    doneTasks.delete(turnId);
    return done;
  }

  async #outcomeOf(task: SessionTask, active: ActiveTurn, recorded: OpenTurn['lines'] | null): Promise<TurnOutcome> {
    try {
      const done = this.#takeDone(task, active.context.turnId);
      const ports = await beginTurn(this.#deps, active, { recorded, afterDone: done?.lines ?? [] });
      // An earlier process was cut off before it could record the end of the turn.
      if (done !== undefined) {
        await task.doneBefore?.({ deps: this.#deps, active, ports });
        return outcomeOf(done.end);
      }
      return await task.run({ deps: this.#deps, active, ports }, active.abort.signal);
    } catch (error) {
      if (error instanceof TurnInterrupted || error instanceof TurnReleased) return { type: 'interrupted' };
      const known = toKeelError(error);
      if (known.kind === 'internal') this.#deps.services.log.crash(error);
      return { type: 'failed', error: known.toInfo() };
    }
  }
}

async function settlesWithin(work: Promise<void>, ms: number): Promise<boolean> {
  const isDone = await within(
    work.then(() => true),
    ms,
  );
  return isDone ?? false;
}
