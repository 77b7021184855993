import type { TokenUsage } from '../../foundation/protocol/index.ts';

/**
 * Usage that a server measured. Null where it can't be: every request has an input, and servers that don't count say 0. What
 * is not measured is for keel to estimate.
 */
export function measured(usage: TokenUsage): TokenUsage | null {
  const hasInput = usage.input_tokens > 0 || usage.total_tokens > usage.output_tokens;
  return hasInput ? usage : null;
}
