import { expect, test } from 'vitest';
import { hold, runsOr, SEED } from './hold.ts';
import { interruptedIn, type Place } from './interruption.ts';
import { told } from './tally.ts';

/** How many interrupts in each place; programs are what takes time. */
const places: readonly (readonly [Place, number])[] = [
  ['stream', 500],
  ['tool', 500],
  ['question', 400],
  ['retry', 300],
  ['compaction', 400],
  ['fullTurn', 300],
  ['review', 300],
  ['command', 100],
  ['userShell', 100],
  ['undo', 24],
];

test.each(places)(
  'M14 M16: a turn that is interrupted in a %s at any moment leaves nothing behind',
  async (place, usual) => {
    const tally = await hold({
      plans: interruptedIn(place),
      runs: runsOr(usual),
      wire: 'memory',
      startsPrograms: place === 'undo',
    });
    process.stdout.write(`interrupted in a ${place}, KEEL_SEED=${SEED}:\n${told(tally)}\n`);
    const ended = (tally.get('turns interrupted') ?? 0) + (tally.get('turns replaced') ?? 0);
    expect(ended).toBeGreaterThan((tally.get('sequences') ?? 0) / 4);
  },
  300_000,
);
