import * as z from 'zod/mini';

/** Tokens of one response, or a sum of them. `cached_input_tokens` are part of `input_tokens`. */
export const TokenUsage = z.lazy(() =>
  z.object({
    input_tokens: z.number(),
    cached_input_tokens: z.number(),
    output_tokens: z.number(),
    reasoning_output_tokens: z.number(),
    total_tokens: z.number(),
  }),
);
export type TokenUsage = z.infer<typeof TokenUsage>;

/** Where a sum of usage begins. */
export const NO_USAGE: TokenUsage = {
  input_tokens: 0,
  cached_input_tokens: 0,
  output_tokens: 0,
  reasoning_output_tokens: 0,
  total_tokens: 0,
};

/** `total` sums all responses of the thread, `last` is the newest one, the window is the usable part of the model's. */
export const TokenUsageInfo = z.lazy(() =>
  z.object({
    total_token_usage: TokenUsage,
    last_token_usage: TokenUsage,
    model_context_window: z.optional(z.nullable(z.number())),
  }),
);
export type TokenUsageInfo = z.infer<typeof TokenUsageInfo>;

/** One limit of the provider. `resets_at` is in Unix seconds. */
export const RateLimitWindow = z.lazy(() =>
  z.object({
    used_percent: z.number(),
    window_minutes: z.nullable(z.number()),
    resets_at: z.nullable(z.number()),
  }),
);
export type RateLimitWindow = z.infer<typeof RateLimitWindow>;

export const RateLimitSnapshot = z.lazy(() =>
  z.object({
    primary: z.nullable(RateLimitWindow),
    secondary: z.nullable(RateLimitWindow),
  }),
);
export type RateLimitSnapshot = z.infer<typeof RateLimitSnapshot>;
