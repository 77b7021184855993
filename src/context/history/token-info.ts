import { NO_USAGE, type TokenUsage, type TokenUsageInfo } from '../../foundation/protocol/index.ts';

/** The totals after a response; `usage` null (the provider reported none) changes no total. */
export function addUsage(info: TokenUsageInfo | null, usage: TokenUsage | null, window: number | null) {
  if (info === null && usage === null) return null;
  const total = info?.total_token_usage ?? NO_USAGE;
  const last = usage ?? info?.last_token_usage ?? NO_USAGE;
  return {
    total_token_usage: usage === null ? total : sum(total, usage),
    last_token_usage: last,
    model_context_window: window,
  } satisfies TokenUsageInfo;
}

/** The totals with the usage of a child conversation; the last response stays this conversation's. */
export function addChildUsage(info: TokenUsageInfo | null, usage: TokenUsage, window: number | null): TokenUsageInfo {
  return {
    total_token_usage: sum(info?.total_token_usage ?? NO_USAGE, usage),
    last_token_usage: info?.last_token_usage ?? NO_USAGE,
    model_context_window: window,
  };
}

/** Replaces the totals; the last response stays. */
export function withTotal(info: TokenUsageInfo | null, total: TokenUsage): TokenUsageInfo {
  return { ...info, total_token_usage: total, last_token_usage: info?.last_token_usage ?? NO_USAGE };
}

/** The totals once the provider said that the window is full. */
export function fillWindow(info: TokenUsageInfo | null, window: number): TokenUsageInfo {
  const before = info?.total_token_usage.total_tokens ?? 0;
  return {
    total_token_usage: { ...NO_USAGE, total_tokens: window },
    last_token_usage: { ...NO_USAGE, total_tokens: Math.max(0, window - before) },
    model_context_window: window,
  };
}

/** The window that `fillWindow` marked as used up; null for totals of any other kind. */
export function filledWindow({
  total_token_usage: total,
  model_context_window: window,
}: TokenUsageInfo): number | null {
  const isMark = window != null && total.total_tokens === window && total.input_tokens + total.output_tokens === 0;
  return isMark ? window : null;
}

/** Whether a response gave these totals. They are recorded as well when only the rate limits or a child's usage are new. */
export function isOfResponse(
  before: TokenUsageInfo | null,
  { total_token_usage: total, last_token_usage: last }: TokenUsageInfo,
) {
  if (last.total_tokens === 0) return false;
  return before === null || total.total_tokens === before.total_token_usage.total_tokens + last.total_tokens;
}

/** Tokens of a response that stay in the window: reasoning doesn't. */
export function tokensInWindow(usage: TokenUsage): number {
  return Math.max(0, usage.total_tokens - usage.reasoning_output_tokens);
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
