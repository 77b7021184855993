import type { TokenUsage, TokenUsageInfo } from '../protocol/index.ts';

/** Tokens that instructions and tools take up, left out when a person is told how much of the window is used. */
const BASELINE_TOKENS = 12_000;

const nothing: TokenUsage = {
  input_tokens: 0,
  cached_input_tokens: 0,
  output_tokens: 0,
  reasoning_output_tokens: 0,
  total_tokens: 0,
};

/** The totals after a response; `usage` null (the provider told none) changes no total. */
export function addUsage(info: TokenUsageInfo | null, usage: TokenUsage | null, window: number | null) {
  if (info === null && usage === null) return null;
  const total = info?.total_token_usage ?? nothing;
  const last = usage ?? info?.last_token_usage ?? nothing;
  return {
    total_token_usage: usage === null ? total : sum(total, usage),
    last_token_usage: last,
    model_context_window: window,
  } satisfies TokenUsageInfo;
}

/** The totals with what another conversation used for this one; the last response stays this one's. */
export function addForeignUsage(info: TokenUsageInfo | null, usage: TokenUsage, window: number | null): TokenUsageInfo {
  return {
    total_token_usage: sum(info?.total_token_usage ?? nothing, usage),
    last_token_usage: info?.last_token_usage ?? nothing,
    model_context_window: window,
  };
}

/** The totals after the provider said that the window is full. */
export function fillWindow(info: TokenUsageInfo | null, window: number): TokenUsageInfo {
  const before = info?.total_token_usage.total_tokens ?? 0;
  return {
    total_token_usage: { ...nothing, total_tokens: window },
    last_token_usage: { ...nothing, total_tokens: Math.max(0, window - before) },
    model_context_window: window,
  };
}

/** Whether the newest thing that the totals tell is that the window is full. */
export function isFilled({ total_token_usage: total, model_context_window: window }: TokenUsageInfo): boolean {
  return total.total_tokens === window && total.input_tokens === 0 && total.output_tokens === 0;
}

/** Whether a response of the thread itself was counted between two totals: they are also told for other reasons. */
export function hasResponse(before: TokenUsageInfo | null, after: TokenUsageInfo): boolean {
  if (before === null) return true;
  const grown = after.total_token_usage.total_tokens - before.total_token_usage.total_tokens;
  return grown > 0 && grown === after.last_token_usage.total_tokens;
}

/** Tokens of a response that stay in the window: reasoning doesn't. */
export function tokensInWindow(usage: TokenUsage): number {
  return Math.max(0, usage.total_tokens - usage.reasoning_output_tokens);
}

/** How much of the window is left for the user's work, whole percent. */
export function percentLeft(usage: TokenUsage, window: number): number {
  if (window <= BASELINE_TOKENS) return 0;
  const room = window - BASELINE_TOKENS;
  const used = Math.max(0, tokensInWindow(usage) - BASELINE_TOKENS);
  return Math.min(100, Math.max(0, Math.round((100 * (room - used)) / room)));
}

function sum(a: TokenUsage, b: TokenUsage): TokenUsage {
  return {
    input_tokens: a.input_tokens + b.input_tokens,
    cached_input_tokens: a.cached_input_tokens + b.cached_input_tokens,
    output_tokens: a.output_tokens + b.output_tokens,
    reasoning_output_tokens: a.reasoning_output_tokens + b.reasoning_output_tokens,
    total_tokens: a.total_tokens + b.total_tokens,
  };
}
