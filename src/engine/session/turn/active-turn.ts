import type { TurnContext } from '../../../context/index.ts';
import type { SessionEventOf, TaskKind, TurnWork } from '../../../foundation/protocol/index.ts';
import { Deferred } from '../../../foundation/util/index.ts';
import { TurnApprovals } from './approvals.ts';
import type { RequestBudget } from './request-budget.ts';
import { TurnInput } from './turn-input.ts';
import type { TurnRecorder } from './turn-recorder.ts';
import type { TurnWindow } from './turn-window.ts';

/** Why a turn was stopped from outside. */
export type AbortReason = NonNullable<SessionEventOf<'turn.completed'>['abortReason']>;

export interface ActiveTurnOptions {
  readonly context: TurnContext;
  readonly recorder: TurnRecorder;
  readonly window: TurnWindow;
  /** Null: no limit. */
  readonly budget: RequestBudget | null;
  /** What a compaction should keep in particular, where the user said so. */
  readonly focus: string | null;
  /** Names of the tools that its requests have offered, with which it continues; null: they are to be chosen. */
  readonly tools: readonly string[] | null;
  /** What the turn has changed by now; null: nothing. */
  readonly work: () => TurnWork | null;
}

/** Work of a turn that runs. The turn ends after all of it. */
interface RunningTask {
  readonly kind: TaskKind | 'snapshot';
  /** Never rejects. */
  readonly done: Promise<unknown>;
}

/**
 * A turn while it runs; a session has at most one. Its tasks are the one that it was started for, whose end ends it, and
 * beside that the user's shell commands and the snapshot for undo.
 */
export class ActiveTurn {
  readonly context: TurnContext;
  readonly recorder: TurnRecorder;
  readonly window: TurnWindow;
  readonly budget: RequestBudget | null;
  readonly focus: string | null;
  readonly tools: readonly string[] | null;
  readonly work: () => TurnWork | null;
  readonly input: TurnInput;
  readonly approvals: TurnApprovals;
  readonly abort = new AbortController();
  /** Aborts when the turn is to be let go for another process to continue. */
  readonly letGo = new AbortController();
  /** Aborts when the turn is stopped or its own task is done, for work that only that task has a use for. */
  readonly background: AbortSignal;
  /** Calls that run, by their key, in their short form. Those left when the turn is stopped were cut off. */
  readonly calls = new Map<string, string>();
  /** What the user wrote in this turn, in order. */
  readonly userTexts: string[] = [];
  /** The steps of its own task; null: it has none yet, or is of a kind without steps. */
  steps: { readonly isSampling: boolean } | null = null;
  /** The session that does the work of its own task; null: there is none, or none now. */
  child: { readonly isOnlyWaiting: boolean; release(graceMs: number): Promise<void> } | null = null;
  /** Whether its start is recorded, and with it what the model is sent of its surroundings. */
  isRecorded = false;
  readonly #tasks = new Set<RunningTask>();
  readonly #ownTaskDone = new AbortController();
  readonly #ended = new Deferred<void>();

  constructor({ context, recorder, window, budget, focus, tools, work }: ActiveTurnOptions) {
    this.context = context;
    this.recorder = recorder;
    this.window = window;
    this.budget = budget;
    this.focus = focus;
    this.tools = tools;
    this.work = work;
    this.input = new TurnInput(context.turnId);
    this.approvals = new TurnApprovals(context.turnId, recorder, this.letGo.signal);
    this.background = AbortSignal.any([this.abort.signal, this.#ownTaskDone.signal]);
  }

  /** Adds the task that the turn was started for. */
  runOwn<T>(work: Promise<T>): Promise<T> {
    const done = work.finally(() => this.#ownTaskDone.abort());
    this.runBeside(this.context.taskKind, done);
    return done;
  }

  /** Adds work that never rejects. */
  runBeside(kind: RunningTask['kind'], done: Promise<unknown>): void {
    const task = { kind, done };
    this.#tasks.add(task);
    void done.then(() => this.#tasks.delete(task));
  }

  /** Nothing takes input for this turn any more. */
  get isOwnTaskDone(): boolean {
    return this.#ownTaskDone.signal.aborted;
  }

  get tasks(): ReadonlySet<RunningTask> {
    return this.#tasks;
  }

  /** Resolves when no task runs. */
  async tasksDone(): Promise<void> {
    while (this.#tasks.size > 0) await Promise.all([...this.#tasks].map(({ done }) => done));
  }

  /** Resolves when the end of the turn is recorded and emitted, and the session has moved on. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  end(): void {
    this.#ended.resolve();
  }
}
