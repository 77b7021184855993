import { toKeelError } from '../../foundation/protocol/index.ts';
import { ModelError } from '../../models/failures/index.ts';
import type { SamplingFailure } from './sampling-value.ts';

/** What a failed attempt leaves in the journal. Errors that aren't the model's are bugs and never retried. */
export function failureOf(error: unknown, jitter: number): SamplingFailure {
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
  };
}

function actionsOf({ pace, windowTokens, refused, quirk }: ModelError) {
  return {
    ...(pace === null ? {} : { pace }),
    ...(windowTokens === null ? {} : { windowTokens }),
    ...(refused === null ? {} : { refused }),
    ...(quirk === null ? {} : { quirk }),
  };
}
