import type { TokenUsage, TokenUsageInfo } from '../../foundation/protocol/index.ts';

/** Tokens that instructions and tools take up whatever the user does: they don't count as used. */
const BASELINE_TOKENS = 12_000;

/** How much of the window is left for the user's work, whole percent: all of it before anything is known. */
export function contextLeft(info: TokenUsageInfo | null): number {
  const window = info?.model_context_window;
  if (info === null || window === null || window === undefined) return 100;
  if (window <= BASELINE_TOKENS) return 0;
  const room = window - BASELINE_TOKENS;
  const used = Math.max(0, info.last_token_usage.total_tokens - BASELINE_TOKENS);
  return Math.min(100, Math.max(0, Math.round((100 * (room - used)) / room)));
}

/** How much is left in a thread, percent; null: it has turns from before that nothing is known of. */
export function windowLeft({ info, isEarlier }: { info: TokenUsageInfo | null; isEarlier: boolean }): number | null {
  return isEarlier ? null : contextLeft(info);
}

/** `59s`, `1m 00s`, `1h 00m 00s`. */
export function elapsed(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  const two = (value: number) => String(value).padStart(2, '0');
  if (seconds < 60) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}m ${two(seconds % 60)}s`;
  return `${Math.floor(minutes / 60)}h ${two(minutes % 60)}m ${two(seconds % 60)}s`;
}

/** `$0.0042`, `$1.20`. */
export function dollars(cost: number): string {
  return `$${cost.toFixed(cost < 1 ? 4 : 2)}`;
}

/** The tokens of a thread on one line. */
export function tokensLine({
  input_tokens: input,
  cached_input_tokens: cached,
  output_tokens: output,
}: TokenUsage): string {
  const shown = (value: number) => value.toLocaleString('en-US');
  return `Tokens: ${shown(input + output)} in all, ${shown(input)} input (${shown(cached)} cached), ${shown(output)} output`;
}
