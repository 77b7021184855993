import type { TokenUsage } from '../../../foundation/protocol/index.ts';
import { asObject, type JsonObject, numberField, objectField } from '../../json/index.ts';
import type { CacheUse } from '../../prompt/index.ts';
import { measured } from '../index.ts';

/** Token counts of a response; null when none were measured. Missing details count as 0. */
export function usageOf(usage: JsonObject): TokenUsage | null {
  const input = numberField(usage, 'prompt_tokens') ?? 0;
  const said = numberField(usage, 'completion_tokens') ?? 0;
  const total = numberField(usage, 'total_tokens') ?? 0;
  const details = objectField(usage, 'completion_tokens_details');
  const reported = numberField(details, 'reasoning_tokens') ?? 0;
  const beside = besideOutput(total - input - said, reported, details !== null);
  const output = said + beside;
  return measured({
    input_tokens: input,
    cached_input_tokens: cachedIn(usage) ?? 0,
    output_tokens: output,
    reasoning_output_tokens: Math.max(reported, beside),
    total_tokens: Math.max(total, input + output),
  });
}

/** What a chunk reports of its usage; null: nothing. Moonshot sends it with the choice, Groq in a field of its own. */
export function usageIn(chunk: JsonObject, choice: JsonObject | null): JsonObject | null {
  return (
    objectField(chunk, 'usage') ?? objectField(choice, 'usage') ?? objectField(objectField(chunk, 'x_groq'), 'usage')
  );
}

/** The one choice that keel asks for. */
export function choiceIn({ choices }: JsonObject): JsonObject | null {
  return Array.isArray(choices) ? asObject(choices[0]) : null;
}

/**
 * Tokens of thoughts that are billed as output and are not part of `completion_tokens`: xAI reports them in the details, Gemini
 * only in the total.
 */
function besideOutput(rest: number, reported: number, hasDetails: boolean): number {
  if (rest <= 0) return 0;
  if (rest === reported) return rest;
  return hasDetails ? 0 : rest;
}

/** What the usage says of the cache; null: nothing. */
export function cacheUseOf(usage: JsonObject): CacheUse | null {
  if (cachedIn(usage) === null) return null;
  return { written: numberField(objectField(usage, 'prompt_tokens_details'), 'cache_write_tokens') ?? 0 };
}

/** OpenAI's place, then DeepSeek's and Moonshot's; null: the server does not say. */
function cachedIn(usage: JsonObject): number | null {
  return (
    numberField(objectField(usage, 'prompt_tokens_details'), 'cached_tokens') ??
    numberField(usage, 'prompt_cache_hit_tokens') ??
    numberField(usage, 'cached_tokens')
  );
}
