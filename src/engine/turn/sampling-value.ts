import * as z from 'zod/mini';
import { ErrorInfo, RateLimitSnapshot, TokenUsage } from '../../foundation/protocol/index.ts';
import type { Codec } from '../steps/index.ts';

/**
 * How a response ended: the journaled value of a sampling step. Its items are journaled beside it, one by one, as the
 * model finishes them.
 */
export const SamplingEnd = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('completed'),
    responseId: z.string(),
    usage: z.nullable(TokenUsage),
    /** The provider paused the model, which wants to be asked again. */
    goesOn: z.optional(z.literal(true)),
  }),
  z.object({
    type: z.literal('failed'),
    error: ErrorInfo,
    phase: z.enum(['request', 'stream', 'answer']),
    retryable: z.boolean(),
    /** Delay before a retry that the server asked for, milliseconds. */
    serverDelayMs: z.nullable(z.number()),
    /** Factor for the backoff, drawn when the attempt failed so that a replay waits no differently. */
    jitter: z.number(),
    rateLimits: z.nullable(RateLimitSnapshot),
    /** Of a response that came whole and answers nothing. */
    usage: z.optional(z.nullable(TokenUsage)),
    /** See ModelError for these. */
    pace: z.optional(z.literal('minute')),
    windowTokens: z.optional(z.number()),
    refused: z.optional(z.enum(['pictures', 'thoughts'])),
    quirk: z.optional(z.string()),
  }),
  z.object({ type: z.literal('interrupted') }),
  /** keel died while the response came in. What had arrived is kept. */
  z.object({ type: z.literal('torn') }),
]);
export type SamplingEnd = z.infer<typeof SamplingEnd>;
export type SamplingFailure = Extract<SamplingEnd, { type: 'failed' }>;

export const samplingCodec: Codec<SamplingEnd> = {
  version: 1,
  encode: (value) => value,
  decode: (value) => SamplingEnd.parse(value),
};
