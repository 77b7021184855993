import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rateLimitsOf } from '../../../src/models/failures/rate-limits.ts';
import {
  capped,
  durationMs,
  resetAfter,
  serverDelayMs,
  suggestedDelayMs,
} from '../../../src/models/failures/server-waits.ts';
import { cpuSeconds } from '../../support/cpu-time.ts';

const NOW = Date.parse('2026-01-02T03:04:05.000Z');
const delay = (headers: Record<string, string>) => serverDelayMs(headers, NOW);

describe('a duration in the words of servers', () => {
  it.each<[string, number | null]>([
    ['4s', 4_000],
    ['250ms', 250],
    ['1.5s', 1_500],
    ['1m2.5s', 62_500],
    ['6m0s', 360_000],
    ['1h', 3_600_000],
    ['2d', 172_800_000],
    ['20 seconds', 20_000],
    ['2 minutes', 120_000],
    ['1 hour and 5 minutes', 3_900_000],
    ['3 hrs', 10_800_000],
    ['500 milliseconds', 500],
    ['7', 7_000],
    ['0', 0],
    ['1M', 60_000],
    ['', null],
    ['soon', null],
  ])('%j is %s ms', (text, ms) => expect(durationMs(text)).toBe(ms));

  it('is the sum of its parts, in any form', () => {
    const part = fc.nat(59);
    fc.assert(
      fc.property(part, part, part, (hours, minutes, seconds) => {
        const ms = ((hours * 60 + minutes) * 60 + seconds) * 1_000;
        expect(durationMs(`${hours}h${minutes}m${seconds}s`)).toBe(ms);
        expect(durationMs(`${hours} hours, ${minutes} minutes and ${seconds} seconds`)).toBe(ms);
      }),
    );
  });
});

describe('a wait that a message suggests', () => {
  it.each<[string | null, number | null]>([
    ['Please try again in 1m2s.', 62_000],
    ['Rate limit reached. Retry after 20 seconds', 20_000],
    ['retrying in 250ms', 250],
    ['Please wait for at least 2 minutes before', 120_000],
    ['the model is available again in 5s', 5_000],
    ['Your limit resets in 3 hours.', 10_800_000],
    ['Try again in 7', 7_000],
    ['Try again in 7.', 7_000],
    ['Try again in 7 apples', null],
    ['Please try again later', null],
    ['You used 20 seconds of audio', null],
    ['Error 429', null],
    ['', null],
    [null, null],
  ])('%j: %s', (message, ms) => expect(suggestedDelayMs(message)).toBe(ms));

  it('is found in little time, whatever a server writes', () => {
    for (const hostile of ['retry ', 'try again in ', 'wait 1', '1 s and ', 'resets resets ', '9'.repeat(50)]) {
      expect(cpuSeconds(() => suggestedDelayMs(hostile.repeat(5_000)))).toBeLessThan(5);
    }
  });
});

describe('a wait in headers', () => {
  it.each<[string, Record<string, string>, number | null]>([
    ['none', {}, null],
    ['milliseconds', { 'retry-after-ms': '1500' }, 1_500],
    ['seconds', { 'retry-after': '20' }, 20_000],
    ['parts of seconds', { 'retry-after': ' 0.5 ' }, 500],
    ['milliseconds before seconds', { 'retry-after-ms': '10', 'retry-after': '20' }, 10],
    ['a date', { 'retry-after': 'Fri, 02 Jan 2026 03:04:35 GMT' }, 30_000],
    ['a date that has passed', { 'retry-after': 'Fri, 02 Jan 2026 03:04:00 GMT' }, null],
    ['no number and no date', { 'retry-after': 'soon' }, null],
    ['a number below zero', { 'retry-after': '-5' }, null],
    ['nothing', { 'retry-after': '' }, null],
    ['a reset', { 'x-ratelimit-reset-requests': '12ms' }, 12],
    [
      'the first reset of those that are known',
      { 'x-ratelimit-reset-requests': '8s', 'x-ratelimit-reset-tokens': '2s' },
      2_000,
    ],
    [
      'that of the limit that is used up',
      {
        'x-ratelimit-reset-requests': '8s',
        'x-ratelimit-remaining-requests': '0',
        'x-ratelimit-reset-tokens': '2s',
        'x-ratelimit-remaining-tokens': '5',
      },
      8_000,
    ],
    [
      'the last of those that are used up',
      {
        'x-ratelimit-reset-requests': '8s',
        'x-ratelimit-remaining-requests': '0',
        'x-ratelimit-reset-tokens': '9s',
        'x-ratelimit-remaining-tokens': '0',
      },
      9_000,
    ],
    [
      'Anthropic',
      { 'anthropic-ratelimit-tokens-reset': '2026-01-02T03:04:15Z', 'anthropic-ratelimit-tokens-remaining': '0' },
      10_000,
    ],
    [
      'OpenRouter, Unix milliseconds',
      { 'x-ratelimit-reset': String(NOW + 5_000), 'x-ratelimit-remaining': '0' },
      5_000,
    ],
    ['Unix seconds', { 'x-ratelimit-reset': String((NOW + 5_000) / 1_000) }, 5_000],
    ['a moment that has passed', { 'x-ratelimit-reset': String(NOW - 5_000) }, 0],
    ['retry-after before a reset', { 'retry-after': '3', 'x-ratelimit-reset': '9s' }, 3_000],
    ['a reset that says nothing', { 'x-ratelimit-reset-tokens': 'never' }, null],
    ['another header', { 'x-ratelimit-limit-requests': '500' }, null],
  ])('%s', (_, headers, ms) => expect(delay(headers)).toBe(ms));

  it('is never below zero, nor no number, whatever a server sends', () => {
    const name = fc.constantFrom(
      'retry-after',
      'retry-after-ms',
      'x-ratelimit-reset',
      'x-ratelimit-reset-tokens',
      'x-ratelimit-remaining-tokens',
      'anthropic-ratelimit-tokens-reset',
    );
    const value = fc.oneof(
      fc.string(),
      fc.integer().map(String),
      fc.double().map(String),
      fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
    );
    fc.assert(
      fc.property(fc.dictionary(name, value), (headers) => {
        const ms = delay(headers);
        if (ms === null) return;
        expect(ms).toBeGreaterThanOrEqual(0);
        expect(capped(ms)).toBeLessThanOrEqual(60_000);
      }),
      { numRuns: 300 },
    );
  });
});

it('a wait is capped at a minute, and a longer one says when a limit ends', () => {
  expect([null, 0, 1.4, 59_999, 60_000, 9e9].map(capped)).toEqual([null, 0, 1, 59_999, 60_000, 60_000]);
  expect([null, 0, 60_000].map((ms) => resetAfter(ms, NOW))).toEqual([null, null, null]);
  expect(resetAfter(60_001, NOW)).toBe(NOW + 60_001);
});

describe('the limits of an account in headers', () => {
  const primary = (used: string, minutes?: string, reset?: string) => ({
    'x-codex-primary-used-percent': used,
    ...(minutes === undefined ? {} : { 'x-codex-primary-window-minutes': minutes }),
    ...(reset === undefined ? {} : { 'x-codex-primary-reset-at': reset }),
  });
  it.each<[string, Record<string, string>, object | null]>([
    ['none', {}, null],
    [
      'one window',
      primary('12.5', '300', '1767000000'),
      { primary: { used_percent: 12.5, window_minutes: 300, resets_at: 1_767_000_000 }, secondary: null },
    ],
    [
      'the other window',
      { 'x-codex-secondary-used-percent': '80' },
      { primary: null, secondary: { used_percent: 80, window_minutes: null, resets_at: null } },
    ],
    [
      'nothing used of a known window',
      primary('0', '300'),
      { primary: { used_percent: 0, window_minutes: 300, resets_at: null }, secondary: null },
    ],
    ['a placeholder', primary('0', '0'), null],
    ['a placeholder without a window', primary('0'), null],
    ['what is no number', primary('much'), null],
    ['what is endless', primary('Infinity'), null],
    [
      'half a minute',
      primary('5', '0.5'),
      { primary: { used_percent: 5, window_minutes: null, resets_at: null }, secondary: null },
    ],
    [
      'blanks',
      primary(' 5 ', ' 60 '),
      { primary: { used_percent: 5, window_minutes: 60, resets_at: null }, secondary: null },
    ],
    ['an empty text', primary(''), null],
  ])('%s', (_, headers, limits) => expect(rateLimitsOf(headers)).toEqual(limits));
});
