import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';

const hasTmux = spawnSync('tmux', ['-V']).status === 0;
const program = join(import.meta.dirname, 'tmux-program.ts');
let socket = '';

function tmux(...args: string[]): string {
  return execFileSync('tmux', ['-L', socket, '-f', '/dev/null', ...args], { encoding: 'utf8' });
}

beforeEach(() => {
  socket = `keel-test-${process.pid}-${Math.random().toString(36).slice(2)}`;
});
afterEach(() => {
  if (hasTmux) spawnSync('tmux', ['-L', socket, 'kill-server']);
});

async function captured(until: string): Promise<string[]> {
  for (;;) {
    const text = tmux('capture-pane', '-p', '-S', '-', '-J');
    if (text.includes(until))
      return text
        .trimEnd()
        .split('\n')
        .map((line) => line.trimEnd());
    await sleep(50);
  }
}

function start(...args: string[]): void {
  tmux('new-session', '-d', '-x', '80', '-y', '24', process.execPath, program, ...args);
  tmux('set', '-g', 'window-size', 'manual');
}

const other = {
  widths: [
    [70, 24],
    [110, 24],
    [45, 24],
  ],
  heights: [
    [80, 12],
    [80, 40],
  ],
  both: [[60, 12]],
} as const;

/** Through the sizes that are promised, and back. */
const STORM = [
  [120, 40],
  [40, 15],
  [80, 24],
  ...other.widths,
  [40, 15],
  ...other.heights,
  [120, 40],
  [80, 24],
] as const;

test.skipIf(!hasTmux).each([
  ['widths', other.widths],
  ['heights', other.heights],
  ['both', other.both],
])('8: in tmux, with other %s, each finished line is in the history once and no live row is', async (_, sizes) => {
  start(String(sizes.length * 3), 'each key');
  await captured('draft 80x24');
  for (const [index, [columns, rows]] of sizes.entries()) {
    tmux('resize-window', '-x', String(columns), '-y', String(rows));
    await captured(`draft ${columns}x${rows}`);
    for (const key of ['a', 'b', 'c']) tmux('send-keys', key);
    await captured(`unique ${index * 3 + 2}`);
  }
  tmux('send-keys', 'x');
  const lines = (await captured('END')).slice(50);
  const last = sizes.at(-1)?.[0] ?? 80;
  const expected = [...Array.from({ length: sizes.length * 3 }, (_, at) => `unique ${at}`), 'END'];
  expect(lines).toEqual([...expected, '='.repeat(last), expect.stringContaining('> draft'), '~'.repeat(last - 1)]);
});

test.skipIf(!hasTmux)(
  '17.4: in tmux, no finished line is lost or there twice while lines stream and the size changes',
  async () => {
    start('80', 'streaming');
    await captured('unique 3');
    for (const [columns, rows] of STORM) {
      tmux('resize-window', '-x', String(columns), '-y', String(rows));
      await sleep(70);
    }
    const lines = (await captured('END')).slice(50);
    const seen = lines.join('\n').match(/unique \d+|END/g);
    expect(seen).toEqual([...Array.from({ length: 80 }, (_, at) => `unique ${at}`), 'END']);
  },
);
