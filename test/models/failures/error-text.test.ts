import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { serverText, untilText } from '../../../src/models/failures/error-text.ts';
import { durationMs, resetAfter, serverDelayMs, suggestedDelayMs } from '../../../src/models/failures/server-waits.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const NOW = Date.UTC(2026, 0, 5, 12);

describe('when a limit ends', () => {
  test.each([
    [null, 'later'],
    [NOW - HOUR, 'in less than a minute'],
    [NOW + 59 * SECOND, 'in less than a minute'],
    [NOW + MINUTE, 'in 1 minute'],
    [NOW + 2 * MINUTE + 59 * SECOND, 'in 2 minutes'],
    [NOW + HOUR, 'in 1 hour'],
    [NOW + 25 * HOUR + MINUTE, 'in 1 day 1 hour 1 minute'],
    [NOW + 48 * HOUR, 'in 2 days'],
  ])('%j is said as "%s"', (at, said) => {
    expect(untilText(at, NOW)).toBe(said);
  });

  test('is known only where a retry would not wait so long', () => {
    expect([null, MINUTE, MINUTE + 1].map((ms) => resetAfter(ms, NOW))).toEqual([null, null, NOW + MINUTE + 1]);
  });
});

describe('a duration in a server’s words', () => {
  test.each([
    ['1m2.5s', MINUTE + 2_500],
    ['250ms', 250],
    ['6m0s', 6 * MINUTE],
    ['20 seconds', 20 * SECOND],
    ['2 minutes', 2 * MINUTE],
    ['1 hour and 5 minutes', HOUR + 5 * MINUTE],
    ['3 milliseconds', 3],
    ['2d', 48 * HOUR],
    ['7', 7 * SECOND],
    ['soon', null],
    ['', null],
  ])('%j', (text, ms) => {
    expect(durationMs(text)).toBe(ms);
  });

  test.each([
    ['Please try again in 20s.', 20 * SECOND],
    ['Rate limit reached. Retry after 1m2s', MINUTE + 2 * SECOND],
    ['Please wait 5 minutes before retrying', 5 * MINUTE],
    ['Your limit resets in 2 hours.', 2 * HOUR],
    ['Limit 30000, Used 20000, Requested 15000. Please try again in 10s. Visit https://x/5 for more', 10 * SECOND],
    ['Retry in 30', 30 * SECOND],
    ['You sent 20 requests', null],
    ['retry with model gpt-5', null],
    [null, null],
  ])('is found in %j', (message, ms) => {
    expect(suggestedDelayMs(message)).toBe(ms);
  });
});

describe('when a server wants to be asked again', () => {
  test.each([
    [{ 'retry-after-ms': '1500', 'retry-after': '9' }, 1_500],
    [{ 'retry-after': '1.5' }, 1_500],
    [{ 'retry-after': new Date(NOW + 30 * SECOND).toUTCString() }, 30 * SECOND],
    [{ 'retry-after': new Date(NOW - HOUR).toUTCString() }, null],
    [{ 'retry-after': 'soon' }, null],
    [{ 'retry-after': '-5' }, null],
    [{ 'x-ratelimit-reset-requests': '2s', 'x-ratelimit-reset-tokens': '6m0s' }, 2 * SECOND],
    [
      { 'x-ratelimit-reset-tokens': '6m0s', 'x-ratelimit-remaining-tokens': '0', 'x-ratelimit-reset-requests': '1s' },
      6 * MINUTE,
    ],
    [{ 'x-ratelimit-reset': String(NOW + 5 * SECOND) }, 5 * SECOND],
    [{ 'x-ratelimit-reset': String(NOW / SECOND + 5) }, 5 * SECOND],
    [{ 'anthropic-ratelimit-tokens-reset': new Date(NOW + MINUTE).toISOString() }, MINUTE],
    [{ 'x-other-reset': '5s' }, null],
    [{}, null],
  ])('%j', (headers, ms) => {
    expect(serverDelayMs(headers, NOW)).toBe(ms);
  });

  test('is a time from now or unknown, whatever the headers say', () => {
    const name = fc.constantFrom(
      'retry-after',
      'retry-after-ms',
      'x-ratelimit-reset',
      'x-ratelimit-remaining',
      'x-ratelimit-reset-tokens',
    );
    const value = fc.oneof(
      fc.string(),
      fc.nat().map(String),
      fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
    );
    fc.assert(
      fc.property(fc.dictionary(name, value), (headers) => {
        const ms = serverDelayMs(headers, NOW);
        if (ms !== null) expect(ms).toBeGreaterThanOrEqual(0);
      }),
      { numRuns: 200 },
    );
  });
});

describe('a server’s text', () => {
  test('is without the secrets that it was sent', () => {
    const said = serverText('Incorrect API key provided: sk-verysecretkey123456. Check it.', [
      'sk-verysecretkey123456',
    ]);
    expect(said).not.toContain('verysecret');
    expect(said).toContain('Check it.');
  });

  test('that is long keeps its beginning and its end, whole characters, and 2,048 bytes', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', minLength: 900, maxLength: 1_500 }),
        fc.constantFrom('é', '漢', '😀', 'x'),
        (text, pad) => {
          const said = serverText(`BEGIN${text}${pad.repeat(1_000)}END`, []);
          expect(Buffer.byteLength(said)).toBeLessThanOrEqual(2_048);
          expect(said.startsWith('BEGIN')).toBe(true);
          expect(said.endsWith('END')).toBe(true);
          expect(said.isWellFormed()).toBe(true);
        },
      ),
      { numRuns: 30 },
    );
  });

  test('that is short stays as it is, but for white space around it', () => {
    expect(serverText(' model not found\n', [])).toBe('model not found');
  });
});
