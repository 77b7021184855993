import { expect, test } from 'vitest';
import { tokenOf } from '../../../src/models/auth/token-output.ts';

const facts = { nowMs: 1_000_000, lifetimeMs: 60_000 };
const hour = 3_600_000;

test.each<[string, string, number]>([
  ['a line', 'tok-1\n', 1_060_000],
  ['OAuth', '{"access_token":"tok-1","expires_in":3600}', 1_000_000 + hour],
  ['OAuth with a text for a number', '{"access_token":"tok-1","expires_in":"3600"}', 1_000_000 + hour],
  ['az', '{"accessToken":"tok-1","expires_on":4600}', 1_000_000 + hour],
  ['milliseconds', `{"token":"tok-1","expires_at":${10 ** 12}}`, 10 ** 12],
  ['a date', '{"token":"tok-1","expiry":"1970-01-01T01:16:40Z"}', 1_000_000 + hour],
  ['kubectl', '{"status":{"token":"tok-1","expirationTimestamp":"1970-01-01T01:16:40Z"}}', 1_000_000 + hour],
  ['JSON without an end', '{"token":"tok-1","note":1}', 1_060_000],
  ['an empty text for a number', '{"access_token":"tok-1","expires_in":""}', 1_060_000],
  ['no number', '{"access_token":"tok-1","expires_in":true}', 1_060_000],
  [
    'the next form where the first says nothing',
    '{"access_token":"tok-1","expires_in":"","expires_on":4600}',
    1_000_000 + hour,
  ],
  ['an end that is none', '{"token":"tok-1","expires_at":"soon"}', 1_060_000],
])('a token is read from %s', (_, text, expiresAtMs) => {
  expect(tokenOf(text, facts)).toEqual({ value: 'tok-1', expiresAtMs });
});

test.each([
  ['nothing', ''],
  ['two lines', 'tok-1\ntok-2'],
  ['words', 'please log in'],
  ['JSON without one', '{"error":"tok-1"}'],
  ['another type', '{"token":5}'],
  ['a list', '["tok-1"]'],
  ['control characters', 'tok\u001b[1m'],
  ['more than any header takes', 'x'.repeat(20_000)],
])('%s is no token', (_, text) => expect(tokenOf(text, facts)).toBeNull());
