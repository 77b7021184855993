import type { ResponseItem } from '../../foundation/protocol/index.ts';

declare const stepBrand: unique symbol;

/** A promise that only the runner's own combinators may join, so that the order of a turn can be replayed. */
export type Step<T> = PromiseLike<T> & { readonly [stepBrand]: T };

/** JSON form of a step's value. `decode` reads what an older version wrote and throws on what it can't read. */
export interface Codec<T> {
  readonly version: number;
  encode(value: T): unknown;
  decode(value: unknown, version: number): T;
}

/** Names a value that comes from outside the turn. */
export interface ExternalKey {
  readonly kind: 'approval' | 'elicitation';
  /** Unique in the turn: a call that asks twice has two of them. */
  readonly questionId: string;
}

/** The result of a step: its value, and the response items that it recorded. */
export interface Recorded<T> {
  readonly value: T;
  readonly items: readonly ResponseItem[];
  /** True when the result was read from the journal and no work was done for it now. */
  readonly replayed: boolean;
}

/** One attempt at a step's work. */
interface Attempt {
  /**
   * Writes an item down as part of this step. A `sampling` step keeps each item at once, even if it never ends; the items
   * of every other step are kept together with its end.
   */
  record(item: ResponseItem): void;
  /** Aborts when the turn is interrupted. */
  readonly signal: AbortSignal;
}

export type StepWork<T> = (attempt: Attempt) => Promise<T>;

export interface StepSpec<T> {
  /** Stable in the turn: see `stepId`. */
  readonly id: string;
  readonly kind: 'sampling' | 'tool' | 'compact' | 'io' | 'input';
  /** For the result only, never for the request. */
  readonly codec: Codec<T>;
  /** Whether `work` may run twice. `ledger`: only through a ToolHost, which syncs the journal before the effect. */
  readonly repeat: 'safe' | 'ledger';
  /**
   * A digest of what the step asks of the world, as JSON. It is kept with the step's `begin` line, so that a replay can
   * compare it with what would be asked now. Called at most once, before the work.
   */
  readonly asks?: () => unknown;
  /**
   * The value of a step that had recorded items but not ended when keel died: the step is journaled as ended with this
   * value and its items. Without it, or without items, the work is done again.
   */
  readonly truncated?: T;
}

/**
 * The only way in which a turn touches the world; all else in the turn loop is a pure function of its inputs and of step
 * results. A step that is journaled already resolves with its journaled value and does no work.
 */
export interface StepRunner {
  step<T>(spec: StepSpec<T>, work: StepWork<T>): Step<Recorded<T>>;
  /**
   * A step that only some settings ask for. A recorded turn asks for it where its record has it next, whatever the settings say now, and
   * a new one where it `isWanted`. Call it where no other step is under way. @returns null: the turn has no such step here
   */
  optional<T>(spec: StepSpec<T>, isWanted: boolean, work: StepWork<T>): Step<Recorded<T> | null>;
  /** Waits for a value from outside (an approval). `announce` runs as a step first. */
  external<T>(key: ExternalKey, codec: Codec<T>, announce: StepWork<T>): Step<T>;
  sleep(ms: number): Step<void>;
  /** Until then (Unix milliseconds), also where the process or the machine was stopped meanwhile. */
  sleepUntil(at: number): Step<void>;
  all<T>(steps: readonly Step<T>[]): Step<T[]>;
  /** Aborts when the turn is interrupted. */
  readonly interrupted: AbortSignal;
}

/** The turn is let go at this place: another process continues it here. */
export class TurnReleased extends Error {
  constructor() {
    super('the turn was let go');
    this.name = 'TurnReleased';
  }
}

/** The pending step was abandoned because the turn was interrupted. Cleanup may still write. */
export class TurnInterrupted extends Error {
  constructor() {
    super('the turn was interrupted');
    this.name = 'TurnInterrupted';
  }
}
