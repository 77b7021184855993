import * as z from 'zod/mini';
import {
  ErrorInfo,
  RateLimitSnapshot,
  RequestRecord,
  TokenUsage,
  toKeelError,
} from '../../foundation/protocol/index.ts';
import { ModelError } from '../../models/failures/index.ts';
import type { Codec } from '../steps/index.ts';

/** The journaled form of `SamplingEnd`: a truncated response is called `torn` in rollouts. */
export const JournaledEnd = z.lazy(() =>
  z.discriminatedUnion('type', [
    z.object({
      type: z.literal('completed'),
      responseId: z.string(),
      usage: z.nullable(TokenUsage),
      /** Absent in records of older versions. */
      request: z.optional(RequestRecord),
      /** The provider paused the model, which has to be asked again. */
      goesOn: z.optional(z.literal(true)),
    }),
    z.object({
      type: z.literal('failed'),
      error: ErrorInfo,
      phase: z.enum(['request', 'stream', 'answer']),
      retryable: z.boolean(),
      /** Delay before a retry that the server asked for, milliseconds. */
      serverDelayMs: z.nullable(z.number()),
      /** Factor for the backoff, drawn when the attempt failed so that a replay waits as long. */
      jitter: z.number(),
      rateLimits: z.nullable(RateLimitSnapshot),
      /** Given for a response that arrived whole and has neither words nor a call. */
      usage: z.optional(z.nullable(TokenUsage)),
      request: z.optional(RequestRecord),
      /** When the request is to be made again after a limit of hours or days, Unix milliseconds; absent: not at all for that. */
      resumesAt: z.optional(z.number()),
      /** See ModelError for these. */
      pace: z.optional(z.literal('minute')),
      windowTokens: z.optional(z.number()),
      refused: z.optional(z.enum(['pictures', 'thoughts'])),
      quirk: z.optional(z.string()),
    }),
    z.object({ type: z.literal('interrupted') }),
    z.object({ type: z.literal('torn') }),
  ]),
);
type JournaledEnd = z.infer<typeof JournaledEnd>;

/**
 * How a response ended: the value of a sampling step. Its items are journaled beside it, one by one, as the model finishes
 * them. `truncated`: keel died while the response was read, and the items that had arrived are kept.
 */
export type SamplingEnd = Exclude<JournaledEnd, { type: 'torn' }> | { readonly type: 'truncated' };
export type SamplingFailure = Extract<SamplingEnd, { type: 'failed' }>;

export const samplingCodec: Codec<SamplingEnd> = {
  version: 1,
  encode: (end): JournaledEnd => (end.type === 'truncated' ? { type: 'torn' } : end),
  decode(value) {
    const end = JournaledEnd.parse(value);
    return end.type === 'torn' ? { type: 'truncated' } : end;
  },
};

const RESET_MARGIN_MS = 2_000;

/** The journaled form of an error that ended an attempt. An error that isn't the model's is a bug and never retried. */
export function failureOf(
  error: unknown,
  jitter: number,
  { waitsForQuota }: { readonly waitsForQuota: boolean } = { waitsForQuota: false },
): SamplingFailure {
  const known = toKeelError(error);
  return {
    type: 'failed',
    error: known.toInfo(),
    phase: known instanceof ModelError ? known.phase : 'stream',
    retryable: known.retryable,
    serverDelayMs: known.retryAfterMs ?? null,
    jitter,
    rateLimits: known instanceof ModelError ? known.rateLimits : null,
    ...(known instanceof ModelError ? actionsOf(known) : {}),
    ...(waitsForQuota && known instanceof ModelError ? resumption(known, jitter) : {}),
  };
}

/** A little after the limit ends, since clocks differ. */
function resumption({ resetsAt }: ModelError, jitter: number) {
  return resetsAt === null ? {} : { resumesAt: resetsAt + Math.round(RESET_MARGIN_MS * jitter) };
}

function actionsOf({ pace, windowTokens, refused, quirk }: ModelError) {
  return {
    ...(pace === null ? {} : { pace }),
    ...(windowTokens === null ? {} : { windowTokens }),
    ...(refused === null ? {} : { refused }),
    ...(quirk === null ? {} : { quirk }),
  };
}
