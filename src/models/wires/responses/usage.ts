import type { TokenUsage } from '../../../foundation/protocol/index.ts';
import { type JsonObject, numberField, objectField } from '../../json/index.ts';
import type { CacheUse } from '../../prompt/index.ts';
import { measured } from '../index.ts';

/** Token counts of a response; null when it reports none. Missing or null details count as 0. */
export function usageOf(response: JsonObject): TokenUsage | null {
  const usage = objectField(response, 'usage');
  if (usage === null) return null;
  const input = numberField(usage, 'input_tokens') ?? 0;
  const output = numberField(usage, 'output_tokens') ?? 0;
  return measured({
    input_tokens: input,
    cached_input_tokens: numberField(objectField(usage, 'input_tokens_details'), 'cached_tokens') ?? 0,
    output_tokens: output,
    reasoning_output_tokens: numberField(objectField(usage, 'output_tokens_details'), 'reasoning_tokens') ?? 0,
    total_tokens: numberField(usage, 'total_tokens') ?? input + output,
  });
}

/** What the response says of the cache; null: nothing. */
export function cacheUseOf(response: JsonObject): CacheUse | null {
  const details = objectField(objectField(response, 'usage'), 'input_tokens_details');
  if (numberField(details, 'cached_tokens') === null) return null;
  return { written: numberField(details, 'cache_write_tokens') ?? 0 };
}
