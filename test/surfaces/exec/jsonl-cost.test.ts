import { expect, test } from 'vitest';
import { JsonlPrinter } from '../../../src/surfaces/exec/program/jsonl-printer.ts';

test.each([
  [0.0021, { cost_usd: 0.0021 }],
  [null, {}],
  [undefined, {}],
])('the end of a turn has its cost where that is known: %s', async (costUsd, expected) => {
  let last = '';
  const printer = new JsonlPrinter((line) => {
    last = line;
  });
  const usage = { type: 'usage.updated', turnId: 't', info: null, rateLimits: null } as const;
  printer.print(costUsd === undefined ? usage : { ...usage, costUsd });
  const turn = {
    ...({ type: 'turn.completed', turnId: 't', status: 'completed', error: null, abortReason: null } as const),
    lastAgentMessage: null,
  } as const;
  await printer.end({ turn, message: 'hi', notDone: null, isUnwritten: false });
  const zero = { input_tokens: 0, cached_input_tokens: 0, output_tokens: 0 };
  expect(JSON.parse(last)).toEqual({ type: 'turn.completed', usage: zero, ...expected });
});
