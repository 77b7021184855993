import { expect, test } from 'vitest';
import { hold, runsOr, SEED } from './hold.ts';
import { death, interrupt, type Place, stoppedIn } from './interruption.ts';
import { talliedText } from './tally.ts';

/** The number of interrupts in each place; programs take the most time. */
const places: readonly (readonly [Place, number])[] = [
  ['stream', 120],
  ['tool', 120],
  ['question', 100],
  ['retry', 80],
  ['compaction', 100],
  ['fullTurn', 80],
  ['review', 80],
  ['command', 30],
  ['userShell', 30],
  ['undo', 12],
];

test.each(places)(
  'M14 M16: a turn that is interrupted in a %s at any moment leaves nothing behind',
  async (place, usual) => {
    const tally = await hold({
      plans: stoppedIn(place, interrupt),
      runs: runsOr(usual),
      wire: 'memory',
      startsPrograms: place === 'undo',
    });
    process.stdout.write(`interrupted in a ${place}, KEEL_SEED=${SEED}:\n${talliedText(tally)}\n`);
    const ended = (tally.get('turns interrupted') ?? 0) + (tally.get('turns replaced') ?? 0);
    expect(ended).toBeGreaterThan((tally.get('sequences') ?? 0) / 10);
  },
  300_000,
);

/** The number of deaths in each place; a command has its effect at once and ends half a second later. */
const deaths: readonly (readonly [Place, number])[] = [
  ['stream', 60],
  ['tool', 80],
  ['question', 50],
  ['fullTurn', 60],
  ['command', 40],
];

test.each(deaths)(
  'fleet 4: a process that dies in a %s at any moment leaves a thread that can be resumed',
  async (place, usual) => {
    const tally = await hold({ plans: stoppedIn(place, death), runs: runsOr(usual), wire: 'memory' });
    process.stdout.write(`died in a ${place}, KEEL_SEED=${SEED}:\n${talliedText(tally)}\n`);
    expect(tally.get('kills in a turn') ?? 0).toBeGreaterThan((tally.get('sequences') ?? 0) / 10);
    if (place === 'command') expect(tally.get('calls of unknown outcome') ?? 0).toBeGreaterThan(0);
  },
  300_000,
);
