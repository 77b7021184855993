import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import * as z from 'zod/mini';
import { RequestRecord, TokenUsage } from '../../../../src/foundation/protocol/index.ts';
import { functionCall, httpError, message, respond, usage } from '../../../../src/testing/index.ts';
import { liveSession } from '../../../support/sessions/live-session.ts';

const { live, open, reopen } = liveSession();

const prices = { overrides: ['model_prices.gpt-5-codex={input=1,cached_input=0.1,output=10}'] };
const End = z.object({ usage: TokenUsage, request: RequestRecord });

/** The answered requests of the record of the session that is open, oldest first. */
function recorded() {
  const lines = readFileSync(live.session.rolloutPath ?? '', 'utf8')
    .trim()
    .split('\n');
  return lines.flatMap((text) => {
    const { type, payload } = JSON.parse(text);
    return type === 'step' && payload.state === 'end' ? (End.safeParse(payload.value).data ?? []) : [];
  });
}

test('every answered request is recorded with its time, its cost and what it missed of the cache', async () => {
  await open(
    [
      respond(functionCall('exec_command', { cmd: 'true' }, 'c1'), usage({ input: 10_000, output: 100 })),
      httpError(500, 'try again'),
      respond(message('ok'), usage({ input: 10_200, cached: 10_000, output: 50 })),
      respond(message('## Goal\ng'), usage({ input: 10_400, cached: 10_200, output: 200 })),
      respond(message('ok'), usage({ input: 6_000, cached: 2_000, output: 10 })),
    ],
    prices,
  );
  await live.say('go');
  await live.turn({ type: 'compact' });
  await live.say('and');
  const requests = recorded();
  expect(requests.map(({ request }) => request.cacheMiss)).toEqual(['firstRequest', null, null, 'compacted']);
  expect(requests.at(-1)?.request.missedTokens).toBe(4_000);
  expect(requests[1]).toMatchObject({
    usage: { input_tokens: 10_200, cached_input_tokens: 10_000, output_tokens: 50 },
    request: { provider: 'openai', model: 'gpt-5-codex', cacheWritten: 0 },
  });
  expect(requests[1]?.request.costUsd).toBeCloseTo((200 + 1_000 + 500) / 1_000_000);
  for (const { request } of requests) {
    expect(request.durationMs).toBeGreaterThanOrEqual(request.firstTokenMs ?? Number.POSITIVE_INFINITY);
  }
  const total = requests.reduce((sum, { request }) => sum + (request.costUsd ?? 0), 0);
  const reported = live.events.findLast((event) => event.type === 'usage.updated');
  expect(reported?.costUsd).toBeCloseTo(total);
});

test('a thread that is resumed with another model is compared with what its record has', async () => {
  const script = [
    respond(message('ok'), usage({ input: 8_000, output: 10 })),
    respond(message('ok'), usage({ input: 8_100, output: 10 })),
  ];
  await open(script, prices);
  await live.say('go');
  const id = live.session.rolloutPath ?? '';
  await live[Symbol.asyncDispose]();
  await reopen({ options: { origin: { type: 'resume', id } }, overrides: ['model="gpt-5"'] });
  await live.say('and');
  const [, second] = recorded();
  expect(second?.request).toMatchObject({ cacheMiss: 'modelChanged', model: 'gpt-5', costUsd: null });
  expect(live.events.findLast((event) => event.type === 'usage.updated')?.costUsd).toBeNull();
});
