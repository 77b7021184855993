import { expect, test } from 'vitest';
import { CONTINUED, type Row, row } from '../../../../src/surfaces/text/row.ts';
import { Emulator } from './emulator.ts';

/** Live rows as wide as the window, as a status bar and a composer are. */
function live(columns: number, draft: string): Row[] {
  return [row(`=${'-'.repeat(columns - 1)}`), row(`> ${draft}`.slice(0, columns)), row(`~${'.'.repeat(columns - 3)}`)];
}

/** Storms of a few changes each, and a frame after each storm, as the caller coalesces them. */
async function frames(emulator: Emulator, sizes: readonly Size[], storm: number): Promise<string[]> {
  const expected: string[] = [];
  for (const [index, [columns, rows]] of sizes.entries()) {
    await emulator.resize({ columns, rows });
    if (index % storm !== storm - 1) continue;
    expected.push(`unique ${index}`);
    const frame = { live: live(columns, 'draft'), cursor: { row: 1, column: 7 } };
    emulator.writer.render({ finished: [row(`unique ${index}`)], ...frame });
    emulator.writer.render({ finished: [], ...frame, cursor: { row: 1, column: 2 + (index % 5) } });
  }
  return expected;
}

type Size = readonly [columns: number, rows: number];

const widths = Array.from({ length: 60 }, (_, at) => [110 - ((at * 13) % 80), 20] as const);
const heights = Array.from({ length: 60 }, (_, at) => [60, 30 - ((at * 7) % 22)] as const);
const both = Array.from({ length: 60 }, (_, at) => [110 - ((at * 17) % 80), 8 + ((at * 5) % 30)] as const);

test.each([
  ['width', widths],
  ['height', heights],
  ['neither', Array.from({ length: 18 }, () => [60, 20] as const)],
])(
  '8: while the size changes in %s, each finished line is there once, and no live row among them',
  async (_, sizes) => {
    const emulator = new Emulator({ columns: 110, rows: 20 }, 'none', { scrollback: 1_000 });
    const expected = await frames(emulator, sizes, 6);
    const shown = await emulator.lines();
    expect(shown.slice(0, -3)).toEqual(expected);
    expect(shown.at(-2)).toBe('> draft');
  },
);

test.each([
  ['width', widths],
  ['height', heights],
  ['both', both],
])('17.4: no finished line is lost or there twice, also with a frame for each change in %s', async (_, sizes) => {
  const emulator = new Emulator({ columns: 110, rows: 20 }, 'none', { scrollback: 1_000 });
  const expected = await frames(emulator, sizes, 1);
  const shown = await emulator.lines();
  expect(shown.filter((line) => line.startsWith('unique'))).toEqual(expected);
  expect(shown.at(-2)).toBe('> draft');
});

test.each([
  [80, 24],
  [120, 40],
  [40, 15],
])('17.4: a storm from %i×%i and back leaves each finished line there once, in order', async (columns, rows) => {
  const emulator = new Emulator({ columns, rows }, 'none', { scrollback: 1_000 });
  const storm = both.map(([width, height]) => [Math.max(20, width - (110 - columns)), height] as const);
  const before = await frames(emulator, [[columns, rows]], 1);
  const expected = await frames(emulator, storm, 5);
  const after = await frames(emulator, [[columns, rows]], 1);
  const shown = await emulator.lines();
  expect(shown.filter((line) => line.startsWith('unique'))).toEqual([...before, ...expected, ...after]);
  expect(shown.at(-2)).toBe('> draft');
});

test('8: 110→70→110 columns during a stream leave composer and lines as they are', async () => {
  const emulator = new Emulator({ columns: 110, rows: 20 }, 'none', { scrollback: 1_000 });
  const done: string[] = [];
  for (let one = 0; one < 90; one += 1) {
    const columns = one > 30 && one < 60 ? 70 : 110;
    if (one === 31 || one === 60) await emulator.resize({ columns, rows: 20 });
    done.push(`line ${one}`);
    emulator.writer.render({
      finished: [row(`line ${one}`)],
      live: [row('w'.repeat(one % columns)), ...live(columns, 'kept')],
      cursor: { row: 2, column: 6 },
    });
  }
  const shown = await emulator.lines();
  expect(shown.slice(0, 90)).toEqual(done);
  expect(shown.at(-2)).toBe('> kept');
  expect(await emulator.cursor()).toMatchObject({ column: 6 });
});

test('a wrapped live row is found again after the window became wider', async () => {
  const emulator = new Emulator({ columns: 20, rows: 10 }, 'none', { scrollback: 1_000 });
  const code = [row('a'.repeat(20)), [CONTINUED, ...row('b'.repeat(20))], [CONTINUED, ...row('c')]];
  emulator.writer.render({ finished: [row('one')], live: [...code, row('> ')], cursor: { row: 3, column: 2 } });
  await emulator.resize({ columns: 60, rows: 10 });
  emulator.writer.render({ finished: [row('two')], live: [row('> ')], cursor: { row: 0, column: 2 } });
  expect((await emulator.lines()).map((line) => line.trimEnd())).toEqual(['one', 'two', '>']);
});

test('17.4: in a storm of changes the live region is gone, and painted once when the size has settled', async () => {
  const emulator = new Emulator({ columns: 80, rows: 10 }, 'none', { settle: 400 });
  emulator.writer.render({ finished: [], live: live(80, 'draft'), cursor: { row: 1, column: 7 } });
  await emulator.settled();
  emulator.writes.length = 0;
  for (let columns = 79; columns > 60; columns -= 1) {
    await emulator.resize({ columns, rows: 10 });
    const finished = [row(`unique ${columns}`)];
    emulator.writer.render({ finished, live: live(columns, 'draft'), cursor: { row: 1, column: 7 } });
  }
  while (emulator.writes.length < 2) await emulator.settled();
  const lines = await emulator.lines();
  expect(lines.slice(0, -3)).toEqual(Array.from({ length: 19 }, (_, at) => `unique ${79 - at}`));
  expect(emulator.writes).toHaveLength(2);
});
