import type { TokenUsage } from '../../foundation/protocol/index.ts';
import type { ModelPrice } from '../../storage/config/index.ts';
import type { TurnFigures } from './overview.ts';

/** Keyed by the model's name as it is recorded. */
export type ModelPrices = Readonly<Record<string, ModelPrice>>;

/** US dollars; null where the turn's tokens or its model's price are not known. */
export function costOf({ usage, model }: Pick<TurnFigures, 'usage' | 'model'>, prices: ModelPrices): number | null {
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

export function dollars(cost: number): string {
  if (cost === 0) return '$0';
  return `$${cost.toFixed(cost < 1 ? 4 : 2)}`;
}

/** A number of tokens for people: 950, 12.3k, 4.56M. */
export function shortCount(tokens: number): string {
  if (tokens < 1_000) return String(Math.round(tokens));
  if (tokens < 999_500) return `${trimmed(tokens / 1_000, 1)}k`;
  return `${trimmed(tokens / 1_000_000, 2)}M`;
}

function trimmed(value: number, digits: number): string {
  return value.toFixed(digits).replace(/\.0+$/, '');
}
