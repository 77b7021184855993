import { filledWindow } from '../../../context/history/index.ts';
import { NO_USAGE, type TokenUsage, type TokenUsageInfo } from '../../../foundation/protocol/index.ts';

const FIELDS = [
  'input_tokens',
  'cached_input_tokens',
  'output_tokens',
  'reasoning_output_tokens',
  'total_tokens',
] as const;

/** Turns the growing total of another thread into what was added since the last look. */
export class UsageMeter {
  readonly #counted: TokenUsage;
  #seen: TokenUsage;

  /** @param counted what was added before, which a thread that continues shows again as it replays its turn */
  constructor(counted: TokenUsage = NO_USAGE) {
    this.#counted = counted;
    this.#seen = counted;
  }

  /** Null: nothing was added. A window reported as full replaces the total; nothing was used for that. */
  since(info: TokenUsageInfo | null): TokenUsage | null {
    if (info === null) return null;
    const total = info.total_token_usage;
    if (total.total_tokens <= this.#counted.total_tokens && filledWindow(info) === null) return null;
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
