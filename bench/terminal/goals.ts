import { median } from '../measure.ts';

/** What is promised of the terminal, each with the most that its figure may be. */
export const GOALS = {
  paint: { what: 'first paint, over that of bare Node', most: 1.8, unit: 'x' },
  submit: { what: 'a prompt typed then is with the model, over bare Node', most: 4, unit: 'x' },
  longKey50: { what: 'key to paint with 10,000 items, p50', most: 8, unit: 'ms' },
  longKey99: { what: 'key to paint with 10,000 items, p99', most: 16, unit: 'ms' },
  streamKey50: { what: 'key to paint while an answer streams, p50', most: 8, unit: 'ms' },
  streamKey99: { what: 'key to paint while an answer streams, p99', most: 16, unit: 'ms' },
  bytes: { what: 'bytes a streamed token', most: 100, unit: '' },
  cpu: { what: 'CPU a streamed token', most: 0.6, unit: 'ms' },
  lag50: { what: 'from the model to the screen, p50', most: 20, unit: 'ms' },
  lagMost: { what: 'from the model to the screen, the slowest token', most: 60, unit: 'ms' },
  empty: { what: 'frames of a stream that change nothing', most: 0, unit: '' },
  idle: { what: 'writes in 5 s without anything to do', most: 0, unit: '' },
  memory: { what: 'memory with 10,000 items', most: 150, unit: 'MiB' },
  soak: { what: 'memory after a soak of 20,000 items', most: 150, unit: 'MiB' },
  growth: { what: 'its growth over the second 10,000 of them', most: 10, unit: 'MiB' },
} as const;

export type Goal = keyof typeof GOALS;

/** Figures by their goals, and what they are to be seen beside: a line each. */
export interface Figures {
  readonly values: Partial<Record<Goal, number>>;
  readonly notes?: readonly string[];
}

/** A line a goal: the figure of each round, the median, and whether it is reached. @returns whether all are */
export function report(rounds: readonly Figures[]): boolean {
  let areReached = true;
  for (const goal of Object.keys(GOALS).filter(isGoal)) {
    const values = rounds.flatMap(({ values: all }) => all[goal] ?? []);
    if (values.length === 0) continue;
    const { what, most, unit } = GOALS[goal];
    const middle = median(values);
    const isReached = middle <= most;
    areReached &&= isReached;
    const each = values.map(shown).join(' ');
    const line = [what.padEnd(56), each.padEnd(22), `${shown(middle)} ${unit}`.padStart(10), `<= ${most}`.padStart(8)];
    process.stdout.write(`${line.join('  ')}  ${isReached ? 'reached' : 'MISSED'}\n`);
  }
  for (const note of rounds.flatMap(({ notes = [] }) => notes)) process.stdout.write(`  ${note}\n`);
  return areReached;
}

function isGoal(name: string): name is Goal {
  return name in GOALS;
}

const shown = (value: number) => (value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2));
