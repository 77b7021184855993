import { filledWindow } from '../history/index.ts';
import type { TokenUsage, TokenUsageInfo } from '../protocol/index.ts';

const FIELDS = [
  'input_tokens',
  'cached_input_tokens',
  'output_tokens',
  'reasoning_output_tokens',
  'total_tokens',
] as const;

/** Turns the growing total of another thread into what came to it since the last look. */
export class UsageMeter {
  #seen: TokenUsage = {
    input_tokens: 0,
    cached_input_tokens: 0,
    output_tokens: 0,
    reasoning_output_tokens: 0,
    total_tokens: 0,
  };

  /** Null: nothing came since. A window told as full is a mark in place of the total; nothing was used for that. */
  since(info: TokenUsageInfo | null): TokenUsage | null {
    if (info === null) return null;
    const total = info.total_token_usage;
    if (filledWindow(info) !== null) {
      this.#seen = total;
      return null;
    }
    const grown = { ...total };
    for (const field of FIELDS) grown[field] = Math.max(0, total[field] - this.#seen[field]);
    this.#seen = total;
    return FIELDS.some((field) => grown[field] > 0) ? grown : null;
  }
}
