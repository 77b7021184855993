import { expect, test } from 'vitest';
import { hold, runsOr, SEED } from './hold.ts';
import { anyPlan, planWithCommands } from './plan.ts';
import { type Tally, talliedText } from './tally.ts';

const LIMIT_MS = 600_000;

/** The least number of each in a thousand sequences, about half of the usual: a generator that misses it is broken. */
const EXPECTED = {
  requests: 2_000,
  messages: 1_500,
  retries: 150,
  questions: 120,
  effects: 250,
  compactions: 120,
  'turns interrupted': 120,
  'turns replaced': 30,
  'turns failed': 40,
  'turns shutdown': 15,
  'calls cut off': 15,
  'requests of children': 60,
  'kills in a turn': 30,
  'kills between turns': 100,
} as const;
const ENOUGH = 500;

test('I1-I14: any sequence of ops, model answers, failures and kills keeps the laws', {
  timeout: LIMIT_MS,
}, async () => {
  const tally = await hold({ plans: anyPlan, runs: runsOr(600), wire: 'memory' });
  report('in memory', tally);
});

test('I1-I14: so does any sequence over a socket', { timeout: LIMIT_MS }, async () => {
  const tally = await hold({ plans: anyPlan, runs: runsOr(250), wire: 'loopback' });
  report('over a socket', tally);
});

test('I1-I14: so does any with commands of the model and of the user', { timeout: LIMIT_MS }, async () => {
  const tally = await hold({ plans: planWithCommands, runs: runsOr(60), wire: 'memory' });
  report('with commands', tally);
});

function report(what: string, tally: Tally): void {
  process.stdout.write(`${what}, KEEL_SEED=${SEED}:\n${talliedText(tally)}\n`);
  const sequences = tally.get('sequences') ?? 0;
  if (sequences < ENOUGH) return;
  for (const [thing, perThousand] of Object.entries(EXPECTED)) {
    expect(tally.get(thing) ?? 0, `${thing} in ${sequences} sequences`).toBeGreaterThan(
      (perThousand * sequences) / 1_000,
    );
  }
}
