import type {
  AgentStatusRecord,
  BudgetUsedRecord,
  ElidedOutput,
  ErrorInfo,
  RateLimitSnapshot,
  RefusedContent,
  ResponseItem,
  StepRecord,
  TokenUsage,
  TokenUsageInfo,
  TurnContextRecord,
} from '../../foundation/protocol/index.ts';

/** A line of the journal of a turn that never ended. */
export type OpenTurnLine =
  | { readonly type: 'step'; readonly record: StepRecord }
  | { readonly type: 'item'; readonly stepId: string; readonly item: ResponseItem };

export interface OpenTurn {
  readonly turnId: string;
  readonly lines: readonly OpenTurnLine[];
  /** What it had used of its budget; null: nothing says so. */
  readonly budgetUsed: BudgetUsedRecord | null;
  /** Null: it has made no request, or nothing says so. */
  readonly offer: TurnOffer | null;
}

/** What a turn offers its model: its later requests offer the same, wherever it continues, so that they extend the first. */
export interface TurnOffer {
  /** The one that it began with. */
  readonly model: string;
  /** Names of the tools, in order. */
  readonly tools: readonly string[];
  /** Whether commands can ask to be run outside the sandbox. */
  readonly escalation: boolean;
  readonly keepRunning: boolean;
}

/** A turn without an end whose task has one. */
export interface DoneTask {
  readonly end: TaskEnd;
  /** The journal of the steps that began after that. */
  readonly lines: readonly OpenTurnLine[];
}

/** What happened in a thread, as far as a session needs it to continue. */
export interface ThreadLog {
  /** In order: items, and the places where a compaction put others in the place of all before. */
  readonly history: readonly HistoryEntry[];
  /** The same with what the open turn did, where it is given up and not done again. */
  readonly wholeHistory: readonly HistoryEntry[];
  readonly tokenInfo: TokenUsageInfo | null;
  readonly rateLimits: RateLimitSnapshot | null;
  readonly lastTurnContext: TurnContextRecord | null;
  /** Id of the provider that the newest turn asked; null: it is not recorded. */
  readonly provider: string | null;
  /** The turn that a crash cut off; its items are not in `history`. */
  readonly openTurn: OpenTurn | null;
  readonly turns: readonly LoggedTurn[];
  /** Its subagents in their last state, in the order of their starts. */
  readonly agents: readonly AgentStatusRecord[];
  /** Keys of what the user approved for the session. */
  readonly approved: readonly string[];
  /** By the ids of their turns: begun again, they do nothing of it twice. */
  readonly doneTasks: ReadonlyMap<string, DoneTask>;
}

/** How a task ended, by the record of its effect; the end of its turn is recorded after that. */
export type TaskEnd =
  | { readonly type: 'completed' }
  | { readonly type: 'failed'; readonly error: ErrorInfo }
  | { readonly type: 'interrupted' };

export type HistoryEntry =
  | { readonly type: 'item'; readonly item: ResponseItem }
  /** The user went back to a snapshot, which is used up with that. */
  | { readonly type: 'undone'; readonly snapshot: string }
  /** What a response reported of the window. */
  | { readonly type: 'usage'; readonly info: TokenUsageInfo }
  | { readonly type: 'elided'; readonly outputs: readonly ElidedOutput[] }
  | { readonly type: 'refused'; readonly refused: RefusedContent }
  /** The totals, rolled-back turns included. */
  | { readonly type: 'spent'; readonly total: TokenUsage }
  /** What subagents used in the turn that was cut off: replaying it does not count that again. */
  | { readonly type: 'childUsage'; readonly usage: TokenUsage; readonly window: number | null }
  | { readonly type: 'compacted'; readonly message: string; readonly replacement: readonly unknown[] | null };

/** One turn's lines, for those who show it. */
export interface LoggedTurn {
  readonly id: string;
  readonly status: 'completed' | 'interrupted' | 'failed' | 'inProgress';
  readonly error: ErrorInfo | null;
  /** In order of recording. */
  readonly entries: readonly TurnEntry[];
}

export type TurnEntry =
  | { readonly type: 'item'; readonly item: ResponseItem }
  /** The journaled value of a tool step: what the call emitted while it ran. */
  | { readonly type: 'emitted'; readonly value: unknown }
  /** An item that is in no step or response item. */
  | { readonly type: 'shown'; readonly item: unknown };
