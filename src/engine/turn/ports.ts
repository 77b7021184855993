import type { OldOutput } from '../../context/history/index.ts';
import type { TurnContext } from '../../context/index.ts';
import type {
  CallItem,
  ElidedOutput,
  ErrorInfo,
  OutputItem,
  RateLimitSnapshot,
  RefusedContent,
  RequestFingerprint,
  RequestRecord,
  ResponseItem,
  SessionEvent,
  TaskKind,
  TokenUsage,
} from '../../foundation/protocol/index.ts';
import type { ModelEvent, Prompt, ToolSpec } from '../../models/prompt/index.ts';
import type { Budget } from '../../storage/config/index.ts';
import type { StepRunner } from '../steps/index.ts';

/** A user message that waits for the turn, as it will be recorded. */
export interface QueuedMessage {
  readonly submissionId: string;
  /** A record is no person's message: it is shown to none and calls for no answer. Null: a hook dropped it. */
  readonly message: ResponseItem | null;
  /** Why a hook dropped it. */
  readonly dropped?: string;
}

/** A copy of the conversation that can be shortened; the live one stays as it is. */
export interface HistoryCopy {
  /** Drops at most `count` of the oldest items with what belongs to them. @returns how many; 0 if no more can go */
  dropOldest(count: number): number;
  /** Drops the oldest until no more than this share of it is left, or what the model's window takes. @returns how many */
  dropUntil(share: number): number;
  takeOut(refused: RefusedContent): void;
  /** The input of a request that ends with this message, which counts as the user's newest. */
  asking(question: ResponseItem): readonly ResponseItem[];
}

/** What a response took. */
export interface ResponseUsage {
  /** Null, or nothing but zeros: the provider reported none, and the budget is charged an estimate. */
  readonly usage: TokenUsage | null;
  /** What the response took besides. */
  readonly request?: RequestRecord | undefined;
  /** It is read from the journal. */
  readonly isReplayed: boolean;
}

/** The conversation as one turn changes it: not at all once the turn has ended. Every item of the turn goes through `record`. */
export interface TurnHistory {
  record(items: readonly ResponseItem[]): void;
  /** The input of the next request: normalised, filtered, in order. */
  forPrompt(): readonly ResponseItem[];
  /** Adds a response's usage and reports the new totals. */
  noteUsage(used: ResponseUsage): void;
  noteRateLimits(snapshot: RateLimitSnapshot): void;
  /** Tokens that the next request takes up: what the last response reported, plus an estimate of what was added since. */
  contextTokens(): number;
  /** What the last response reported alone. */
  measuredTokens(): number;
  copy(): HistoryCopy;
  /** Puts other items in place of all. */
  replace(items: readonly ResponseItem[]): void;
  /** Old outputs that make room for `tokens` when they are left out; null if there are not enough. */
  outputsToPrune(tokens: number): readonly OldOutput[] | null;
  /** Leaves outputs out: the conversation has a note in place of each. */
  prune(outputs: readonly ElidedOutput[]): void;
  /** Marks the context window as used up, where its size is known, and reports it. */
  noteWindowFull(): void;
  /** Whether there is more in the conversation than a compaction would keep of it, its `newest` items apart. */
  canShrink(newest: number): boolean;
  /** The output as it fits the model's window. Changes nothing. */
  fitted(output: OutputItem): OutputItem;
  /** Whether there is such content in the conversation. */
  holds(content: RefusedContent['content']): boolean;
  /** Takes content out that the provider refused. */
  takeOut(refused: RefusedContent): void;
  /** Journals, before a request, the settings under which it is made. */
  recordContext(): void;
  /** Journals what `prune` leaves out. Called inside a step only. */
  recordPruned(outputs: readonly ElidedOutput[]): void;
  /** Journals what `takeOut` takes out. Called inside a step only. */
  recordRefused(refused: RefusedContent): void;
  /** Journals what `replace` puts in. Called inside a step only. */
  recordCompaction(summary: string, items: readonly ResponseItem[]): void;
}

/** One request to the model, streamed; no retries. Throws a ModelError. */
export interface TurnModel {
  /** The events, those together that came at once. */
  stream(prompt: Prompt, options: { taskKind: TaskKind; signal: AbortSignal }): AsyncIterable<readonly ModelEvent[]>;
  /** What the request of this prompt consists of, as its difference from the thread's request before. */
  fingerprint(prompt: Prompt): RequestFingerprint;
  /** Further attempts after a request that could not be opened, and after a stream that broke. Separate budgets. */
  readonly retries: { readonly request: number; readonly stream: number };
  /** The model whose thoughts a response has; they are sealed for it. */
  readonly origin: { readonly provider: string; readonly model: string };
  /** Writes requests from here on as the server wants them. @returns the setting that makes this permanent */
  adapt(quirk: string): string;
  /** Sends requests from here on to the model that is configured for an overload. @returns its name; null: there is none left */
  fallBack(): string | null;
}

export interface CallOptions {
  /** Unique in the thread and the same on replay: the key of the call ledger. */
  readonly key: string;
  /** The keys of the calls before it in the same response. */
  readonly earlier: readonly string[];
  readonly signal: AbortSignal;
  /** Called with the events of the call's work, in order. */
  readonly report: (event: SessionEvent) => void;
  /** Ends the turn once the calls of the response are settled; `reason` is for the user. */
  readonly stop: (reason: string) => void;
}

/** Runs a call to its output; never rejects. An abort gives an output that says so. */
export type RunCall = (call: CallItem, options: CallOptions) => Promise<OutputItem>;

export interface TurnTools {
  readonly specs: readonly ToolSpec[];
  /** Whether the call's work can simply be done again after a crash, or only through the ledger. */
  repeat(call: CallItem): 'safe' | 'ledger';
  /** For the calls of one response, which it keeps in order: side by side for tools that allow it, alone for the others. */
  openBatch(): RunCall;
  /** The whole change of the turn as a unified diff; empty when nothing changed since the last time it was asked. */
  takeDiff(): Promise<string>;
}

/** How the conversation is compacted when it grows too long. */
export interface TurnCompaction {
  /** The conversation is compacted from this many tokens on; null: never by itself. Sinks when the provider names its own limit. */
  readonly limit: number | null;
  /** The provider named the model's context window, in tokens, as it refused a request. */
  learnWindow(tokens: number): void;
  /** Asks for the handover. */
  readonly question: ResponseItem;
  /** Writes the handover. */
  readonly model: TurnModel;
  /** The conversation with this summary in place of what came before. Changes nothing. */
  handover(summary: string): { readonly items: readonly ResponseItem[]; readonly warnings: readonly string[] };
  /** Called when the request for a handover does not fit the window: it is made while there is room. */
  readonly tooLong: (message: string) => void;
}

/** The limit that the user set for a request: for this turn, and all turns of subagents that work for it. */
export interface TurnBudget extends Budget {
  /** Whether the turn has one last answer when nothing is left. A subagent has none: the turn above answers. */
  readonly hasLastAnswer: boolean;
  /** Since the request started, or was continued after a crash. Called inside steps only. */
  readonly minutesGone: () => number;
  /** By all turns that draw on the budget. Called inside steps only. */
  readonly tokensUsed: () => number;
  /** US dollars, by all turns that draw on the budget. Infinity: of one response it is not known. Called inside steps only. */
  readonly costUsed: () => number;
  /** Aborts when the time is used up: what runs then is stopped. */
  readonly expired: AbortSignal;
}

/** Asks a turn that would end about what it leaves open. */
export interface TurnFinishGate {
  /** Whether subagents can have changed files: what they left unchecked is then asked for as a step. Changes nothing. */
  readonly hasSubagents: () => boolean;
  /** Files that this turn or a subagent changed and nobody checked since. Called inside a step only. */
  readonly uncheckedInTree: () => readonly string[];
  /** `unchecked`: as above; null: this turn alone counts. Changes nothing. */
  readonly notes: (lastMessage: string | null, unchecked: readonly string[] | null) => readonly ResponseItem[];
}

/** The user's hooks at moments of a turn. All are called inside steps only. */
export interface TurnHooks {
  /** Whether any hook would be asked. Changes nothing, and asks nobody. */
  readonly has: (moment: 'stop' | 'beforeCompaction' | 'afterCompaction') => boolean;
  /** @param blocks how often in a row hooks have kept this turn from its end. @returns why it continues; null: it ends */
  readonly stop: (asked: { readonly lastMessage: string | null; readonly blocks: number }) => Promise<string | null>;
  /** @returns why the compaction does not happen; null: it does */
  readonly beforeCompaction: (trigger: CompactionTrigger) => Promise<string | null>;
  /** @returns what the model is sent after the handover */
  readonly afterCompaction: (trigger: CompactionTrigger) => Promise<readonly ResponseItem[]>;
}

/** Who asks for a compaction: the user, or keel since the conversation is long. */
export type CompactionTrigger = 'manual' | 'auto';

/** Everything a turn works with. Made once, when the turn starts. */
export interface TurnPorts {
  readonly context: TurnContext;
  readonly steps: StepRunner;
  readonly history: TurnHistory;
  readonly model: TurnModel;
  readonly tools: TurnTools;
  readonly compaction: TurnCompaction;
  /** Null: no limit. */
  readonly budget: TurnBudget | null;
  /** The schema that the final message is checked against; null: it is not. */
  readonly answerForm: unknown;
  /** Null: there are none. */
  readonly hooks: TurnHooks | null;
  /** Null: nothing is asked at the end. */
  readonly finishGate: TurnFinishGate | null;
  /**
   * Keeps the text of an old output that is left out of the conversation. Called inside a step only. Null: none is left out
   * before a compaction.
   * @returns the note in its place
   */
  readonly keepPruned: ((output: OldOutput) => Promise<string>) | null;
  /** Emits an event of this turn. Does nothing once the turn has ended. */
  readonly emit: (event: SessionEvent) => void;
  /** Takes what waits for the turn: its first message, later the steered ones. Reads image files. */
  readonly takeQueued: () => Promise<readonly QueuedMessage[]>;
  /** Draws from [0.9, 1.1). Called inside steps only. */
  readonly jitter: () => number;
  /** Whether the turn waits until a usage limit of hours or days resets, and then continues. */
  readonly waitsForQuota: boolean;
  /** Whether the user wants to see raw reasoning. */
  readonly showRawReasoning: boolean;
}

export type TurnOutcome =
  | { readonly type: 'completed'; readonly lastAgentMessage: string | null }
  /** `lastAgentMessage`: the last message, where it can serve all the same. */
  | { readonly type: 'failed'; readonly error: ErrorInfo; readonly lastAgentMessage?: string | null }
  | { readonly type: 'interrupted' };
