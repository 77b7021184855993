import type { TurnContext } from '../../../context/index.ts';
import {
  type ApprovalDecision,
  KeelError,
  type SettingsUpdate,
  toKeelError,
} from '../../../foundation/protocol/index.ts';
import { Deferred } from '../../../foundation/util/index.ts';
import type { OpenTurnLine } from '../../../storage/rollout/index.ts';
import { TurnInterrupted } from '../../steps/index.ts';
import type { TurnOutcome } from '../../turn/index.ts';
import { RegularTask } from '../tasks/regular-task.ts';
import type { SessionTask } from '../tasks/task.ts';
import { UserShellTask } from '../tasks/user-shell-task.ts';
import type { AbortReason, ActiveTurn } from './active-turn.ts';
import type { SessionScope } from './session-scope.ts';
import { type PendingInput, TurnState } from './turn-state.ts';

/** How long a cancelled task may take to settle by itself before its turn ends without it. */
export const ABORT_GRACE_MS = 100;

export interface NewInput extends PendingInput {
  readonly settings: SettingsUpdate;
  /** For the turn that this input starts; ignored when it joins a running one. */
  readonly outputSchema?: unknown;
}

/**
 * The turns of a session: at most one runs. It is registered before its task's first instruction, and ended exactly once,
 * by whoever comes first: the task or an abort.
 */
export class Turns {
  readonly #scope: SessionScope;
  #active: ActiveTurn | null = null;
  #waiting: { readonly task: SessionTask; readonly turnId: string } | null = null;
  /** The turn that somebody has begun to end. A task that is stopped too slowly may come back when another one runs. */
  #ending: ActiveTurn | null = null;

  constructor(scope: SessionScope) {
    this.#scope = scope;
  }

  /** Applies the settings, then hands the input to the running turn or starts one under the submission's id. */
  submitInput(input: NewInput): void {
    this.#scope.state.configure(input.settings);
    if (input.items.length === 0 && this.#active) return;
    if (this.#active) this.#active.state.queueInput(input);
    else this.#start(new RegularTask(), input.submissionId, { input, outputSchema: input.outputSchema });
  }

  /** Starts a task now, or when the running turn has ended; one waits at most, and the newest counts. */
  startWhenIdle(task: SessionTask, turnId: string): void {
    if (this.#active) {
      if (this.#waiting !== null) this.#reportDropped(this.#active.context.turnId, [this.#waiting.turnId]);
      this.#waiting = { task, turnId };
    } else this.#start(task, turnId, {});
  }

  /** Runs the user's command as a turn of its own, or beside the running one, which gets its record with the next request. */
  userShell(command: string, id: string): void {
    const active = this.#active;
    if (!active) {
      this.#start(new UserShellTask(command), id, {});
      return;
    }
    // A turn that is being ended tells and records nothing more.
    if (this.#ending === active) {
      void active.done.then(() => this.userShell(command, id));
      return;
    }
    const { log } = this.#scope.services;
    const run = this.#scope.runUserShell(active, command, id, active.abort.signal);
    const told = run.then(
      (record) => active.state.queueRecord({ submissionId: id, record }),
      (error: unknown) => log.crash(error),
    );
    active.state.runsBeside(told);
  }

  /**
   * Takes the user's last turns out of the conversation.
   * @throws KeelError `threadBusy` while a turn runs, `invalidInput`
   */
  async rollBack(turns: number): Promise<void> {
    if (this.#active) throw new KeelError('threadBusy', 'a turn is running: interrupt it before turns are taken back');
    await this.#scope.rollBack(turns);
  }

  /** Ends the running turn as replaced, then starts this task. */
  async spawn(task: SessionTask, turnId: string): Promise<void> {
    await this.abort('replaced');
    this.#start(task, turnId, {});
  }

  /** Goes on with a turn that a crash cut off: its steps are replayed, then it runs on. */
  resume(turnId: string, recorded: readonly OpenTurnLine[]): void {
    this.#start(new RegularTask(), turnId, { recorded });
  }

  /** Hands an answer to its question; `abort` ends the turn as well. @returns whether that question waited for an answer */
  async answer(questionId: string, decision: ApprovalDecision): Promise<boolean> {
    const state = this.#active?.state;
    if (!state?.isAwaiting(questionId)) return false;
    if (decision.type === 'abort') await this.abort('interrupted');
    else state.resolveApproval(questionId, decision);
    return true;
  }

  /** Stops what runs, if anything does: asks, waits a short grace, then goes on without it. */
  async abort(reason: AbortReason): Promise<void> {
    this.#scope.agents.interruptAll();
    while (this.#active) {
      const active = this.#active;
      if (this.#ending !== active) await this.#abortRunning(active, reason);
      else await active.done;
    }
  }

  async #abortRunning(active: ActiveTurn, reason: AbortReason): Promise<void> {
    const { log } = this.#scope.services;
    this.#ending = active;
    active.abort.abort();
    const settled = await settlesWithin(active.done, ABORT_GRACE_MS);
    if (!settled) log.warn(`turn ${active.context.turnId} did not stop within ${ABORT_GRACE_MS} ms`);
    if (active.session !== null) await active.task.abort?.(active.session).catch((error: unknown) => log.crash(error));
    this.#dropWaiting(active);
    await this.#end(active, { type: 'interrupted' }, reason);
    this.#active = null;
  }

  /** What waits for a turn that is stopped is not carried out; its surface may offer it again. */
  #dropWaiting({ context, state }: ActiveTurn): void {
    const { turnId } = context;
    const ids = state.takeLater(turnId).map(({ submissionId }) => submissionId);
    if (this.#waiting !== null) ids.push(this.#waiting.turnId);
    this.#waiting = null;
    this.#reportDropped(turnId, ids);
  }

  #reportDropped(turnId: string, ids: readonly string[]): void {
    if (ids.length > 0) this.#scope.emit({ type: 'submissions.dropped', turnId, ids: [...ids] });
  }

  #start(
    task: SessionTask,
    turnId: string,
    how: { input?: PendingInput; outputSchema?: unknown; recorded?: readonly OpenTurnLine[] },
  ): void {
    const scope = this.#scope;
    const context = scope.makeTurnContext({ turnId, taskKind: task.kind, outputSchema: how.outputSchema });
    const state = new TurnState();
    if (how.input && how.input.items.length > 0) state.queueInput(how.input);
    const handle = scope.handle(context, state);
    const done = new Deferred<void>();
    const abort = new AbortController();
    const settled = new AbortController();
    const background = AbortSignal.any([abort.signal, settled.signal]);
    const active: ActiveTurn = { context, task, state, handle, abort, background, session: null, done: done.promise };
    this.#active = active;
    this.#announce(context);
    const outcome = this.#outcomeOf(active, how.recorded ?? null).finally(() => settled.abort());
    void this.#drive(active, outcome).finally(() => done.resolve());
  }

  #announce(context: TurnContext): void {
    this.#scope.emit({
      type: 'turn.started',
      turnId: context.turnId,
      taskKind: context.taskKind,
      modelContextWindow: context.model.effectiveContextWindow,
    });
  }

  /** Runs the task to its outcome. An abort that came first ends the turn itself. */
  async #drive(active: ActiveTurn, ended: Promise<TurnOutcome>): Promise<void> {
    const outcome = await ended;
    // A command of the user's is told and recorded with the turn beside which it runs: the turn ends after it.
    await active.state.besideEnded();
    if (this.#active !== active || this.#ending === active) return;
    this.#ending = active;
    // A turn can fail while calls of it still run: what nobody waits for any more is stopped.
    if (outcome.type === 'failed') {
      active.abort.abort();
      this.#scope.agents.interruptAll();
    }
    await this.#end(active, outcome, null);
    this.#active = null;
    const waiting = this.#waiting;
    this.#waiting = null;
    if (waiting) this.#start(waiting.task, waiting.turnId, {});
    // Input that came too late for the turn starts the next one, under its own id; never the turn that failed on it again.
    const late = active.state.takeInput().filter(({ submissionId }) => submissionId !== active.context.turnId);
    for (const input of late) this.submitInput({ ...input, settings: {} });
  }

  async #outcomeOf(active: ActiveTurn, recorded: readonly OpenTurnLine[] | null): Promise<TurnOutcome> {
    const scope = this.#scope;
    try {
      const ports = await scope.openTurn(active, recorded);
      active.session = scope.taskSession(active, ports);
      return await active.task.run(active.session, active.abort.signal);
    } catch (error) {
      if (error instanceof TurnInterrupted) return { type: 'interrupted' };
      const known = toKeelError(error);
      if (known.kind === 'internal') scope.services.log.crash(error);
      return { type: 'failed', error: known.toInfo() };
    }
  }

  /** The one end of a turn. By the time the event is told, all the turn wrote is on the disk. */
  async #end(active: ActiveTurn, outcome: TurnOutcome, reason: AbortReason | null): Promise<void> {
    const { turnId } = active.context;
    const { emit } = this.#scope;
    if (outcome.type === 'failed') emit({ type: 'error', turnId, error: outcome.error, willRetry: false });
    active.state.settleApprovals();
    active.handle.revoke(outcome.type !== 'completed');
    await this.#scope.closeTurn(active, outcome, reason);
    emit({
      type: 'turn.completed',
      turnId,
      status: outcome.type,
      error: outcome.type === 'failed' ? outcome.error : null,
      abortReason: outcome.type === 'interrupted' ? (reason ?? 'interrupted') : null,
      lastAgentMessage: outcome.type === 'interrupted' ? null : (outcome.lastAgentMessage ?? null),
    });
  }
}

async function settlesWithin(work: Promise<void>, ms: number): Promise<boolean> {
  const late = new Deferred<boolean>();
  const timer = setTimeout(() => late.resolve(false), ms);
  try {
    return await Promise.race([work.then(() => true), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
