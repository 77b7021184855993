import type { ReasoningEffort, ReasoningSummary } from '../../../foundation/protocol/index.ts';
import type { ModelInfo } from '../../catalogue/index.ts';

/** The least that the API takes, and what is left of `max_tokens` for the answer, in tokens. */
const MIN_BUDGET = 1_024;
const MIN_ANSWER = 4_096;

/** Tokens that an older model may think, by effort. */
const BUDGETS: ReadonlyMap<string, number> = new Map([
  ['low', 4_096],
  ['medium', 12_288],
  ['high', 24_576],
  ['xhigh', 32_000],
  ['max', 32_000],
]);
const DEFAULT_BUDGET = 12_288;
/** Efforts of other providers that ask for next to no thinking. */
const LEAST_EFFORTS: ReadonlySet<string> = new Set(['none', 'minimal']);

export interface ThinkingSettings {
  readonly thinking: ModelInfo['thinking'];
  readonly effort: ReasoningEffort | null;
  readonly summary: ReasoningSummary;
  readonly maxTokens: number;
}

/** The fields of a request about thinking: an effort for newer models, a number of tokens for older ones. */
export interface ThinkingFields {
  readonly thinking?: object;
  /** For `output_config`. */
  readonly effort?: string;
}

/** Both left out for a model that does not think. */
export function thinkingFields({ thinking, effort, summary, maxTokens }: ThinkingSettings): ThinkingFields {
  const isLeast = effort !== null && LEAST_EFFORTS.has(effort);
  switch (thinking) {
    case 'adaptive': {
      // Left to itself the API keeps the text of a thought back on newer models.
      const display = summary === 'none' ? 'omitted' : 'summarized';
      const chosen = isLeast ? 'low' : effort;
      return { thinking: { type: 'adaptive', display }, ...(chosen === null ? {} : { effort: chosen }) };
    }
    case 'budget': {
      const wanted = BUDGETS.get(effort ?? '') ?? DEFAULT_BUDGET;
      const budget = Math.min(wanted, maxTokens - MIN_ANSWER);
      if (isLeast || budget < MIN_BUDGET) return {};
      return { thinking: { type: 'enabled', budget_tokens: budget } };
    }
    case null:
      return {};
  }
}
