// `npm run bench`: keel beside a bare Node script that makes the same requests and spawns, in one run on one machine, as
// ratios. `--peers DIR` adds the Codex CLI found in DIR/node_modules (package @openai/codex, or the SDK that carries it).
// `--only NAME` runs the scenario of that name, or those whose names start so.
import { parseArgs } from 'node:util';
import { type Contestant, contestants } from './contestants.ts';
import { median } from './measure.ts';
import { type Goal, type Scenario, scenarios } from './scenarios.ts';

const { values } = parseArgs({
  options: {
    peers: { type: 'string' },
    rounds: { type: 'string', default: '7' },
    only: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});

interface Row {
  readonly scenario: string;
  readonly unit: string;
  readonly figures: Readonly<Record<string, number>>;
  readonly goal: Goal | null;
}

const rows: Row[] = [];
for (const scenario of named(values.only ?? '')) {
  const taking = contestants(values.peers ?? null).filter((who) => scenario.takes(who));
  const samples = new Map<string, number[]>(taking.map((who) => [who.name, []]));
  const rounds = Math.max(1, Math.min(Number(values.rounds), scenario.maxRounds));
  // Interleaved, so that a slow moment of the machine hits everyone alike; the first round warms caches.
  for (let round = 0; round <= rounds; round += 1) {
    for (const who of taking) await sample(who, round > 0);
  }
  async function sample(who: Contestant, counts: boolean): Promise<void> {
    const figure = await scenario.run(who);
    if (counts) samples.get(who.name)?.push(figure);
    process.stderr.write('.');
  }
  const figures = Object.fromEntries([...samples].map(([name, figures]) => [name, median(figures)]));
  rows.push({ scenario: scenario.name, unit: scenario.unit, figures, goal: scenario.goal });
}
process.stderr.write('\n');
process.stdout.write(values.json ? `${JSON.stringify(rows, null, 2)}\n` : table(rows));

function named(name: string): readonly Scenario[] {
  const exact = scenarios.filter((scenario) => scenario.name === name);
  const found = exact.length > 0 ? exact : scenarios.filter((scenario) => scenario.name.startsWith(name));
  if (found.length > 0) return found;
  process.stderr.write(`no scenario ${name}; there are:\n${scenarios.map((each) => `${each.name}\n`).join('')}`);
  process.exit(2);
}

function table(lines: readonly Row[]): string {
  const names = [...new Set(lines.flatMap((line) => Object.keys(line.figures)))];
  const head = ['', ...names, 'keel / floor', 'goal'];
  const body = lines.map(({ scenario, unit, figures, goal }) => {
    const ratio = (figures['keel'] ?? Number.NaN) / (figures['floor'] ?? Number.NaN);
    return [
      `${scenario}, ${unit}`,
      ...names.map((name) => figures[name]?.toFixed(unit.startsWith('x') ? 2 : 1) ?? '-'),
      Number.isNaN(ratio) ? '-' : `${ratio.toFixed(2)}x`,
      goal === null ? '' : `${goalText(goal)}: ${isMet(goal, figures) ? 'met' : 'MISSED'}`,
    ];
  });
  const widths = head.map((_, column) => Math.max(...[head, ...body].map((cells) => (cells[column] ?? '').length)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return `${[line(head), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)].join('\n')}\n`;
}

function goalText(goal: Goal): string {
  switch (goal.type) {
    case 'times':
      return `<= ${goal.floor}x`;
    case 'above':
      return `<= floor + ${goal.floor}`;
    case 'atMost':
      return `keel <= ${goal.figure}`;
  }
}

/** A figure that was not taken meets no goal. */
function isMet(goal: Goal, figures: Readonly<Record<string, number>>): boolean {
  const { keel = Number.NaN, floor = Number.NaN } = figures;
  switch (goal.type) {
    case 'times':
      return keel <= goal.floor * floor;
    case 'above':
      return keel <= floor + goal.floor;
    case 'atMost':
      return keel <= goal.figure;
  }
}
