import type { ResponseItem } from '../../foundation/protocol/index.ts';

declare const stepBrand: unique symbol;

/** A promise that only the runner's own combinators may join, so that the order of a turn can be replayed. */
export type Step<T> = PromiseLike<T> & { readonly [stepBrand]: T };

/** JSON form of a step's value. `decode` takes what an older version wrote and throws on what it can't read. */
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

/** What a step came to: its value, and the response items it recorded on the way. */
export interface Recorded<T> {
  readonly value: T;
  readonly items: readonly ResponseItem[];
  /** True when it comes out of the journal and no work was done for it now. */
  readonly replayed: boolean;
}

/** One go at a step's work. */
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
  /** Stable in the turn: `sampling-3`, `tool-<call_id>`. */
  readonly id: string;
  readonly kind: 'sampling' | 'tool' | 'compact' | 'mcp' | 'io' | 'input';
  /** Of the result only, never of the request. */
  readonly codec: Codec<T>;
  /** May `work` run twice? `ledger`: only through a ToolHost, which brings the journal to the disk before the effect. */
  readonly repeat: 'safe' | 'ledger';
  /**
   * What the step asks of the world, in short, as JSON: kept with its beginning, so that a replay can tell whether the same
   * would be asked now. Called at most once, before the work.
   */
  readonly asks?: () => unknown;
  /**
   * The value of a step that had recorded items but not ended when keel died: it is journaled as ended with this value and
   * the items it has. Without it, or without items, the work is done again.
   */
  readonly torn?: T;
}

/**
 * What a turn may use to touch the world; all else in the turn loop is a pure function of its inputs and of step results.
 * A step that is journaled already resolves with its journaled value and does no work.
 */
export interface StepRunner {
  step<T>(spec: StepSpec<T>, work: StepWork<T>): Step<Recorded<T>>;
  /** Waits for a value from outside (an approval). `announce` runs as a step first. */
  external<T>(key: ExternalKey, codec: Codec<T>, announce: StepWork<T>): Step<T>;
  sleep(ms: number): Step<void>;
  /** Journaled clock, Unix milliseconds. */
  now(): Step<number>;
  /** Deterministic: turn id and a counter for each kind. */
  newId(kind: string): string;
  all<T>(steps: readonly Step<T>[]): Step<T[]>;
  /** Aborts when the turn is interrupted. */
  readonly interrupted: AbortSignal;
}
