import type { ModelSettings } from '../../storage/config/index.ts';

/** Which tools a model is offered (names as in the configuration key `tools.set`). */
export type ToolSet = 'session' | 'shell' | 'lean' | 'reader';

/** Facts about one model, with the user's overrides applied. */
export interface ModelInfo {
  /** The configured name; sent unmodified. */
  readonly slug: string;
  readonly family: string;
  /** False: the slug is in no family and all facts are defaults, which is worth a warning to the user. */
  readonly known: boolean;
  readonly baseText: 'general' | 'short';
  /** Which closing lines the base text gets for this family. */
  readonly addendum: 'claude' | null;
  readonly toolSet: ToolSet;
  /** The one-shot runner of the `shell` set: an argument list, or one command string. */
  readonly shellTool: 'shell' | 'shell_command';
  /** The form in which the model edits files: a freeform tool, a function with a patch text, or `edit_file`. */
  readonly patchForm: 'freeform' | 'function' | 'editFile';
  /** Takes `reasoning` in a request and returns reasoning items. */
  readonly supportsReasoning: boolean;
  /** The efforts that some model of the family takes; null: not known, so any is passed on. */
  readonly efforts: readonly string[] | null;
  /**
   * How the Messages API makes the model think: by an effort, by a number of tokens, or not at all. Other APIs go by
   * `supportsReasoning`.
   */
  readonly thinking: 'adaptive' | 'budget' | null;
  /** False: it can't call tools, and so can do nothing here. */
  readonly supportsTools: boolean;
  readonly supportsParallelToolCalls: boolean;
  readonly supportsVerbosity: boolean;
  readonly supportsImages: boolean;
  /** Raw window in tokens; null when unknown. */
  readonly contextWindow: number | null;
  /** The usable part of the window (95 %), which is what users are shown and what counts as full. */
  readonly effectiveContextWindow: number | null;
  /** History of this many tokens or more is compacted; never above 90 % of the raw window. Null: never. */
  readonly autoCompactTokenLimit: number | null;
  /** How long its provider keeps a prompt in the cache that nobody sends again, minutes. */
  readonly cacheMinutes: number;
  /** Tokens; null when unknown. Sent by the Messages API alone, which wants a limit. */
  readonly maxOutputTokens: number | null;
}

/** The user's settings that win over the catalogue. A `Config` fits as it is. */
export interface ModelOverrides {
  readonly contextWindow?: number | null;
  readonly autoCompactTokenLimit?: number | null;
  readonly maxOutputTokens?: number | null;
  readonly supportsReasoningSummaries?: boolean | null;
  readonly toolSet?: ToolSet | null;
  /** By slug; what is said of all models wins. */
  readonly models?: Readonly<Record<string, ModelSettings>>;
}
