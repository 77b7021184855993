import type { TokenUsage } from '../../protocol/index.ts';
import { type JsonObject, numberField, objectField } from '../json-fields.ts';

/** Token counts of a response; null when it tells none. Missing details count as 0. */
export function usageOf(chunk: JsonObject): TokenUsage | null {
  const usage = objectField(chunk, 'usage');
  if (usage === null) return null;
  const input = numberField(usage, 'prompt_tokens') ?? 0;
  const output = numberField(usage, 'completion_tokens') ?? 0;
  return {
    input_tokens: input,
    cached_input_tokens: numberField(objectField(usage, 'prompt_tokens_details'), 'cached_tokens') ?? 0,
    output_tokens: output,
    reasoning_output_tokens: numberField(objectField(usage, 'completion_tokens_details'), 'reasoning_tokens') ?? 0,
    total_tokens: numberField(usage, 'total_tokens') ?? input + output,
  };
}
