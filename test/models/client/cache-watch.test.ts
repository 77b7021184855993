import { describe, expect, test } from 'vitest';
import { CacheWatch } from '../../../src/models/client/index.ts';
import { NO_REQUEST } from '../../../src/storage/rollout/index.ts';

const to = { provider: 'p', model: 'm' };
const parts = { instructions: 'i:1', tools: 't:1', options: 'o:1', cut: 0 };
const first = { ...parts, kept: 0, items: ['a:1', 'b:1'] };
const more = { ...parts, kept: 2, items: ['c:1'] };

function answer(input: number, cached: number, at = 0) {
  const usage = {
    input_tokens: input,
    cached_input_tokens: cached,
    output_tokens: 1,
    reasoning_output_tokens: 0,
    total_tokens: input + 1,
  };
  return { usage, cache: { written: 0 }, sentAt: at, keptMinutes: 5 };
}

/** A thread whose first request had 10,000 tokens. */
function begun(): CacheWatch {
  const watch = new CacheWatch(NO_REQUEST);
  watch.asked(first, to);
  expect(watch.answered(answer(10_000, 0))).toEqual({ cacheMiss: 'firstRequest', missedTokens: 0 });
  return watch;
}

describe('the reason of a cache miss', () => {
  test('a request that extends the one before and is served from the cache has none', () => {
    const watch = begun();
    watch.asked(more, to);
    expect(watch.answered(answer(12_000, 9_984))).toEqual({ cacheMiss: null, missedTokens: 0 });
  });

  test.each([
    ['toolsChanged', { ...more, tools: 't:2' }, to],
    ['instructionsChanged', { ...more, instructions: 'i:2' }, to],
    ['modelChanged', more, { ...to, model: 'other' }],
    ['providerChanged', more, { ...to, provider: 'other' }],
    ['optionsChanged', { ...more, options: 'o:2' }, to],
    ['historyChanged', { ...more, kept: 1, items: ['x:1'] }, to],
    ['evicted', more, to],
  ] as const)('%s', (cacheMiss, fingerprint, recipient) => {
    const watch = begun();
    watch.asked({ ...fingerprint, items: [...fingerprint.items] }, recipient);
    expect(watch.answered(answer(12_000, 0))).toEqual({ cacheMiss, missedTokens: 10_000 });
  });

  test('what took items out of the conversation is named, also where a retry was needed', () => {
    const watch = begun();
    watch.rewritten('compacted');
    watch.asked({ ...parts, kept: 1, items: ['handover:1'] }, to);
    watch.asked({ ...parts, kept: 2, items: [] }, to);
    expect(watch.answered(answer(4_000, 1_024)).cacheMiss).toBe('compacted');
    watch.asked({ ...parts, kept: 2, items: ['n:1'] }, to);
    expect(watch.answered(answer(4_100, 3_968)).cacheMiss).toBeNull();
  });

  test('a change that the cache served all the same is no miss', () => {
    const watch = begun();
    watch.asked({ ...more, options: 'o:2' }, to);
    expect(watch.answered(answer(12_000, 9_984)).cacheMiss).toBeNull();
  });

  test('a provider keeps a prompt for minutes', () => {
    const watch = begun();
    watch.asked(more, to);
    expect(watch.answered(answer(12_000, 0, 6 * 60_000)).cacheMiss).toBe('idle');
  });

  test('a short prompt is cached by nobody, and a silent server says nothing', () => {
    const watch = new CacheWatch(NO_REQUEST);
    watch.asked(first, to);
    watch.answered(answer(900, 0));
    watch.asked(more, to);
    expect(watch.answered(answer(1_000, 0)).cacheMiss).toBe('tooShort');
    watch.asked(more, to);
    expect(watch.answered({ ...answer(5_000, 0), cache: null }).cacheMiss).toBe('notReported');
  });

  test('a thread that is read back is compared with its last recorded request', () => {
    const request = {
      ...{ ...to, sentAt: 0, firstTokenMs: null, durationMs: 1, costUsd: null, cacheWritten: 0 },
      ...{ cacheMiss: null, missedTokens: 0 },
    };
    const { usage } = answer(10_000, 0);
    const watch = new CacheWatch({ digests: ['a:1', 'b:1'], fingerprint: first, answered: { usage, request } });
    watch.asked({ ...more, tools: 't:2' }, to);
    expect(watch.answered(answer(12_000, 0)).cacheMiss).toBe('toolsChanged');
  });
});
