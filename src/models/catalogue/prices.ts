import type { TokenUsage } from '../../foundation/protocol/index.ts';
import type { ModelPrice } from '../../storage/config/index.ts';

/** Keyed by the model's name as it is recorded. */
export type ModelPrices = Readonly<Record<string, ModelPrice>>;

/** US dollars; null where the tokens or the model's price are not known. */
export function costOf(
  { usage, model }: { readonly usage: TokenUsage | null; readonly model: string | null },
  prices: ModelPrices,
): number | null {
  const price = model !== null && Object.hasOwn(prices, model) ? prices[model] : undefined;
  if (usage === null || price === undefined) return null;
  const { input, cachedInput, output } = price;
  const fresh = freshInput(usage) * input + usage.cached_input_tokens * (cachedInput ?? input);
  return (fresh + usage.output_tokens * output) / 1_000_000;
}

/** Input tokens that no cache served. */
export function freshInput(usage: TokenUsage): number {
  return Math.max(0, usage.input_tokens - usage.cached_input_tokens);
}
