import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { functionCall, httpError, message, respond } from '../../../../src/testing/index.ts';
import { says } from '../../../support/session.ts';
import { liveSession } from '../../../support/sessions/live-session.ts';

const { live, open, reopen, server } = liveSession();

const waits = { overrides: ['wait_for_quota=true'] };
const limitUntil = (ms: number) =>
  httpError(429, { error: { type: 'usage_limit_reached', plan_type: 'plus', resets_at: Math.ceil(ms / 1_000) } });
const retries = () => live.events.flatMap((event) => (event.type === 'error' ? [event] : []));

test('a turn waits until the limit resets and continues where it was: nothing runs twice', async () => {
  let at = 0;
  const answers = [
    () => respond(functionCall('exec_command', { cmd: 'true' }, 'c1')),
    () => {
      at = Date.now() + 100;
      return limitUntil(at);
    },
  ];
  await open((_, index) => answers[index]?.() ?? respond(message('done')), waits);
  expect(await live.say('go')).toMatchObject({ status: 'completed', lastAgentMessage: 'done' });
  expect(Date.now()).toBeGreaterThan(at);
  expect(retries()).toMatchObject([
    { willRetry: true, error: { message: expect.stringMatching(/^Waiting until the limit resets, then continuing/) } },
  ]);
  expect(server.requests[2]?.input).toEqual(server.requests[1]?.input);
});

test('without the setting a usage limit ends the turn and says when to come back', async () => {
  await open([limitUntil(Date.now() + 7_260_000)]);
  const end = await live.say('go');
  expect(end).toMatchObject({ status: 'failed', error: { kind: 'usageLimitExceeded' } });
  expect(end.error?.message).toMatch(/Try again in 2 hours( 1 minute)?\.$/);
});

test('a wait survives a restart: the rest of it is waited, also without the setting', async () => {
  let at = 0;
  const limited = () => {
    at = Date.now() + 2_000;
    return limitUntil(at);
  };
  await open((_, index) => (index === 0 ? limited() : respond(message('done'))), waits);
  live.session.submit(says('go'));
  await live.next('error');
  const path = live.session.rolloutPath ?? '';
  const { threadId: id } = live.session;
  // The record as a killed process leaves it: the wait has begun, and nothing follows.
  const begun = readFileSync(path, 'utf8');
  expect(begun).toMatch(/"id":"sleep[^"]*","kind":"io","state":"begin"/);
  await live[Symbol.asyncDispose]();
  writeFileSync(path, begun);
  await reopen({ options: { origin: { type: 'resume', id }, unfinishedTurn: 'continue' } });
  expect(await live.next('turn.completed')).toMatchObject({ status: 'completed', lastAgentMessage: 'done' });
  expect(Date.now()).toBeGreaterThan(at);
  expect(server.requests).toHaveLength(2);
});
