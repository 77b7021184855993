import type { TokenUsage } from '../../foundation/protocol/index.ts';
import { ownValue } from '../../foundation/util/index.ts';
import type { ModelPrice, ModelProvider } from '../../storage/config/index.ts';
import { PRICE_LISTS } from './list-prices.ts';

/** Keyed by the model's name, as it is configured or in its maker's list. */
export type ModelPrices = Readonly<Record<string, ModelPrice>>;

const DATE = /-(?:\d{4}-\d\d-\d\d|\d{8})$/;

/** The list prices of what this provider serves, with the user's own on top. A server of unknown owner has the latter only. */
export function knownPrices({ baseUrl }: Pick<ModelProvider, 'baseUrl'>, own: ModelPrices): ModelPrices {
  const host = URL.canParse(baseUrl) ? new URL(baseUrl).hostname : '';
  const lists = PRICE_LISTS.filter(({ hosts }) => hosts.some((one) => host === one || host.endsWith(`.${one}`)));
  const listed = lists.flatMap(({ rows }) => Object.entries(rows));
  const prices = listed.map(([model, [input, cachedInput, output, cacheWrite = null]]) => {
    return [model, { input, cachedInput, output, cacheWrite }] as const;
  });
  return { ...Object.fromEntries(prices), ...own };
}

/** The price of a model by its name, or by that name without a vendor's path or a date; null: unknown. */
export function priceOf(model: string, prices: ModelPrices): ModelPrice | null {
  const bare = model.slice(model.lastIndexOf('/') + 1).toLowerCase();
  // OpenRouter writes `claude-sonnet-4.5`.
  const plain = bare.startsWith('claude') ? bare.replaceAll('.', '-') : bare;
  for (const name of [model, plain, plain.replace(DATE, '')]) {
    const price = ownValue(prices, name);
    if (price !== undefined) return price;
  }
  return null;
}

/**
 * US dollars; null where the tokens or the model's price are not known. `cacheWritten`: input tokens that the provider wrote
 * to its cache, which some charge more for.
 */
export function costOf(
  {
    usage,
    model,
    cacheWritten = 0,
  }: { readonly usage: TokenUsage | null; readonly model: string | null; readonly cacheWritten?: number },
  prices: ModelPrices,
): number | null {
  const price = model === null ? null : priceOf(model, prices);
  if (usage === null || price === null) return null;
  const { input, cachedInput, output, cacheWrite } = price;
  const written = Math.min(cacheWritten, freshInput(usage));
  const fresh = (freshInput(usage) - written) * input + written * (cacheWrite ?? input);
  return (fresh + usage.cached_input_tokens * (cachedInput ?? input) + usage.output_tokens * output) / 1_000_000;
}

/** Input tokens that no cache served. */
export function freshInput(usage: TokenUsage): number {
  return Math.max(0, usage.input_tokens - usage.cached_input_tokens);
}
