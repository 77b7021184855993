import type { UserInput } from '../protocol/index.ts';

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
  readonly callId: string;
}

/** One go at a step's work. */
export interface Attempt {
  readonly n: number;
  /** Unique; tags deltas, so that a reader can drop those of an attempt that was given up. */
  readonly attemptId: string;
  /** Aborts when the turn is interrupted. */
  readonly signal: AbortSignal;
}

export interface StepSpec<T> {
  /** Stable in the turn: `sampling-3`, `tool-<call_id>`. */
  readonly id: string;
  readonly kind: 'sampling' | 'tool' | 'compact' | 'mcp' | 'io';
  /** Of the result only, never of the request. */
  readonly codec: Codec<T>;
  /** May `work` run twice? `ledger`: only through a ToolHost. */
  readonly repeat: 'safe' | 'ledger';
}

/**
 * What a turn may use to touch the world; all else in the turn loop is a pure function of its inputs and of step results.
 * A step that is journaled already resolves with its journaled value and does no work.
 */
export interface StepRunner {
  step<T>(spec: StepSpec<T>, work: (attempt: Attempt) => Promise<T>): Step<T>;
  /** Waits for a value from outside (an approval). `announce` runs as a step first. */
  external<T>(key: ExternalKey, codec: Codec<T>, announce: (attempt: Attempt) => Promise<T>): Step<T>;
  /** Takes the input that arrived while the turn ran. Called at step boundaries only; the taking is journaled. */
  takeInput(): Step<readonly PendingInput[]>;
  sleep(ms: number): Step<void>;
  /** Journaled clock, Unix milliseconds. */
  now(): Step<number>;
  /** Deterministic: turn id and a counter for each kind. */
  newId(kind: string): string;
  all<T>(steps: readonly Step<T>[]): Step<T[]>;
  /** Aborts when the turn is interrupted. */
  readonly interrupted: AbortSignal;
}

/** Input handed to a running turn. `submissionId` names the op it came with. */
export interface PendingInput {
  readonly submissionId: string;
  readonly items: readonly UserInput[];
}
