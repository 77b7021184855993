import { expect, test } from 'vitest';
import { hold, runsOr, SEED } from './hold.ts';
import { anyPlan, planWithCommands } from './plan.ts';
import { type Tally, told } from './tally.ts';

const LIMIT_MS = 600_000;

test(
  'I1-I14: any sequence of ops, model answers, failures and kills keeps the laws',
  async () => {
    const tally = await hold({ plans: anyPlan, runs: runsOr(9_000), wire: 'memory' });
    report('in memory', tally);
  },
  LIMIT_MS,
);

test(
  'I1-I14: the same over a socket',
  async () => {
    const tally = await hold({ plans: anyPlan, runs: runsOr(1_000), wire: 'loopback' });
    report('over a socket', tally);
  },
  LIMIT_MS,
);

test(
  'I1-I14: the same with commands of the model and of the user',
  async () => {
    const tally = await hold({ plans: planWithCommands, runs: runsOr(300), wire: 'memory' });
    report('with commands', tally);
  },
  LIMIT_MS,
);

function report(what: string, tally: Tally): void {
  process.stdout.write(`${what}, KEEL_SEED=${SEED}:\n${told(tally)}\n`);
  expect(tally.get('sequences')).toBeGreaterThan(0);
}
