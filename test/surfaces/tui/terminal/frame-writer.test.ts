import { PassThrough } from 'node:stream';
import headless from '@xterm/headless';
import { describe, expect, test } from 'vitest';
import { paletteOf } from '../../../../src/surfaces/text/palette.ts';
import { CONTINUED, type Row, row, span } from '../../../../src/surfaces/text/row.ts';
import { themeFor } from '../../../../src/surfaces/text/theme.ts';
import type { Size } from '../../../../src/surfaces/tui/terminal/frame.ts';
import { FrameWriter } from '../../../../src/surfaces/tui/terminal/frame-writer.ts';
import { Emulator } from './emulator.ts';

const SIZES: Size[] = [
  { columns: 80, rows: 24 },
  { columns: 120, rows: 40 },
  { columns: 40, rows: 15 },
];

const lines = (from: number, count: number) => Array.from({ length: count }, (_, at) => `line ${from + at}`);
const composer = (draft: string): Row[] => [row('Working (3s)'), row(`> ${draft}`), row('  ready')];
const at = (row: number, column: number) => ({ row, column });

describe.each(SIZES)('at $columns×$rows', (size) => {
  test('1: 10,000 finished lines and a stream are in the scrollback once, in order, with no live row between', async () => {
    const emulator = new Emulator(size);
    for (let from = 0; from < 10_000; from += 100) {
      const live = [row(`partial ${from}`), ...composer('draft')];
      emulator.writer.render({ finished: lines(from, 100).map((text) => row(text)), live, cursor: at(2, 7) });
    }
    expect(await emulator.lines()).toEqual([...lines(0, 10_000), 'partial 9900', 'Working (3s)', '> draft', '  ready']);
  });

  test('single lines finish below a live region that grows and shrinks', async () => {
    const emulator = new Emulator(size);
    for (let one = 0; one < 200; one += 1) {
      const live = Array.from({ length: one % (size.rows + 3) }, (_, at) => row(`live ${at}`));
      emulator.writer.render({ finished: one % 3 === 0 ? [row(`done ${one}`)] : [], live, cursor: null });
    }
    emulator.writer.close();
    const expected = Array.from({ length: 200 }, (_, one) => one).filter((one) => one % 3 === 0);
    expect(await emulator.lines()).toEqual(expected.map((one) => `done ${one}`));
  });
});

test('4: every frame is one write inside a synchronized update', async () => {
  const emulator = new Emulator({ columns: 40, rows: 10 });
  for (let one = 0; one < 50; one += 1) {
    emulator.writer.render({ finished: [row(`a ${one}`)], live: composer(`${one}`), cursor: at(1, 3) });
  }
  await emulator.settled();
  expect(emulator.writes).toHaveLength(50);
  for (const write of emulator.writes) expect(write).toMatch(/^\u001b\[\?2026h.*\u001b\[\?2026l$/s);
});

test('3, 17.1: nothing sends CSI 2J or 3J, sets a scroll region, scrolls by CSI S or turns the mouse on', async () => {
  const emulator = new Emulator({ columns: 40, rows: 10 }, 'truecolor');
  for (let one = 0; one < 30; one += 1) {
    emulator.writer.render({ finished: [row(`a ${one}`)], live: composer(`${one}`), cursor: at(1, 3) });
    await emulator.resize({ columns: 40 - (one % 7), rows: 10 - (one % 3) });
  }
  emulator.writer.suspend();
  emulator.writer.resume();
  emulator.writer.close();
  await emulator.settled();
  expect(emulator.writes.join('')).not.toMatch(/\u001b\[(?:[23]J|[\d;]*[rST]|\?100\d)/);
});

test('a frame that changes nothing writes nothing', async () => {
  const emulator = new Emulator({ columns: 40, rows: 10 });
  emulator.writer.render({ finished: [], live: composer('x'), cursor: at(1, 3) });
  await emulator.settled();
  for (let one = 0; one < 5; one += 1) {
    emulator.writer.render({ finished: [], live: composer('x'), cursor: at(1, 3) });
  }
  await emulator.settled();
  expect(emulator.writes).toHaveLength(1);
});

test('2, 17.13: a streamed token costs little more than itself', async () => {
  const emulator = new Emulator({ columns: 100, rows: 40 }, 'truecolor');
  let text = '';
  const frame = () => ({ finished: [], live: [row(text), ...composer('draft')], cursor: at(2, 7) });
  emulator.writer.render(frame());
  await emulator.settled();
  emulator.writes.length = 0;
  for (let one = 0; one < 15; one += 1) {
    text += 'token ';
    emulator.writer.render(frame());
  }
  await emulator.settled();
  expect(emulator.writes.join('').length / 15).toBeLessThan(70);
});

test('17.10: the terminal’s cursor is where the frame has it', async () => {
  const emulator = new Emulator({ columns: 40, rows: 10 });
  emulator.writer.render({ finished: [row('done')], live: composer('漢字x'), cursor: at(1, 6) });
  expect(await emulator.cursor()).toEqual(at(2, 6));
  emulator.writer.render({ finished: [], live: composer('漢字x'), cursor: at(1, 2) });
  expect(await emulator.cursor()).toEqual(at(2, 2));
});

test('17.3: rows that the terminal wraps itself copy as one line, and reflow with the window', async () => {
  const emulator = new Emulator({ columns: 20, rows: 10 });
  const code = `const text = '${'x'.repeat(30)}';`;
  const finished = [
    row(code.slice(0, 20)),
    [CONTINUED, ...row(code.slice(20, 40))],
    [CONTINUED, ...row(code.slice(40))],
  ];
  emulator.writer.render({ finished: [row('before'), ...finished, row('after')], live: composer(''), cursor: null });
  expect((await emulator.lines()).slice(0, 3)).toEqual(['before', code, 'after']);
  await emulator.resize({ columns: 60, rows: 10 });
  emulator.writer.render({ finished: [], live: composer(''), cursor: null });
  expect((await emulator.screen()).slice(0, 3)).toEqual(['before', code, 'after']);
});

test('a live row that replaces a wrapped one is a line of its own', async () => {
  const emulator = new Emulator({ columns: 10, rows: 6 });
  emulator.writer.render({ finished: [], live: [row('x'.repeat(10)), [CONTINUED, ...row('yyy')]], cursor: null });
  emulator.writer.render({ finished: [], live: [row('x'.repeat(10)), row('zzz')], cursor: null });
  expect(await emulator.lines()).toEqual(['x'.repeat(10), 'zzz']);
});

test('a grapheme that the terminal finds wider than keel does can’t push the rows below', async () => {
  const emulator = new Emulator({ columns: 20, rows: 6 });
  const family = '👨‍👩‍👧‍👦'.repeat(10);
  emulator.writer.render({ finished: [], live: [row(family), row('below')], cursor: at(1, 5) });
  emulator.writer.render({ finished: [row('done')], live: [row(family), row('below!')], cursor: at(1, 6) });
  const screen = await emulator.screen();
  expect([screen[0], screen[2], screen[3]]).toEqual(['done', 'below!', '']);
});

test('9: heights 1, 2, 3 and width 10 draw, and the cursor’s row is among what is shown', async () => {
  for (const rows of [1, 2, 3]) {
    const emulator = new Emulator({ columns: 10, rows });
    emulator.writer.render({ finished: lines(0, 5).map((text) => row(text)), live: composer('ab'), cursor: at(1, 4) });
    emulator.writer.render({ finished: [row('more')], live: composer('abc'), cursor: at(1, 5) });
    const { row: cursorRow } = await emulator.cursor();
    expect((await emulator.screen())[cursorRow]).toBe('> abc');
    emulator.writer.close();
    expect(await emulator.lines()).toEqual(expect.arrayContaining([...lines(0, 5), 'more']));
  }
});

test('a live region that is suspended leaves the screen, and what finished meanwhile follows', async () => {
  const emulator = new Emulator({ columns: 40, rows: 10 });
  emulator.writer.render({ finished: [row('one')], live: composer('x'), cursor: at(1, 3) });
  emulator.writer.suspend();
  expect(await emulator.lines()).toEqual(['one']);
  emulator.writer.render({ finished: [row('two')], live: composer('y'), cursor: at(1, 3) });
  emulator.output.write('the editor was here\r\n');
  emulator.writer.resume();
  expect(await emulator.lines()).toEqual(['one', 'the editor was here', 'two', 'Working (3s)', '> y', '  ready']);
});

test('32: hostile bytes in a row can’t steer the terminal', async () => {
  const emulator = new Emulator({ columns: 40, rows: 10 });
  let title = '';
  emulator.terminal.onTitleChange((changed) => (title = changed));
  const hostile = 'a\u001b]0;owned\u0007b\u001b[2Jc\rd\u202ee';
  emulator.writer.render({ finished: [row(hostile)], live: composer('x'), cursor: at(1, 3) });
  expect((await emulator.lines()).slice(1)).toEqual(['Working (3s)', '> x', '  ready']);
  expect(title).toBe('');
});

test('35: while the terminal doesn’t read, frames are skipped, and after it the screen is right', async () => {
  const emulator = new Emulator({ columns: 40, rows: 40 });
  emulator.output.pause();
  for (let one = 0; one < 1_000; one += 1) {
    // Nothing of a row is as it was in the frame before: all frames together are over 1 MB.
    const changed = String.fromCharCode(97 + (one % 26)).repeat(38);
    const live = [row('x'.repeat(30) + one), ...composer('x'), ...Array.from({ length: 30 }, () => row(changed))];
    const shown = one === 999 ? live.slice(0, 4) : live;
    emulator.writer.render({ finished: one % 10 === 0 ? [row(`done ${one}`)] : [], live: shown, cursor: at(2, 3) });
  }
  expect(emulator.output.writableLength + emulator.output.readableLength).toBeLessThan(200_000);
  emulator.output.resume();
  await emulator.settled();
  const expected = Array.from({ length: 100 }, (_, one) => `done ${one * 10}`);
  expect(await emulator.lines()).toEqual([...expected, `${'x'.repeat(30)}999`, 'Working (3s)', '> x', '  ready']);
});

test('17.11: a message is marked as a prompt also where it replaces a row that looks the same', async () => {
  const output = new PassThrough();
  let bytes = '';
  output.on('data', (chunk: Buffer) => {
    bytes += chunk.toString();
  });
  const look = { palette: paletteOf(themeFor('auto', null), 'none'), hasLinks: false, hasPromptMarks: true };
  const writer = new FrameWriter({ output, size: { columns: 40, rows: 10 }, style: look, reflow: 'none', settle: 0 });
  const composed = [span('› '), span('hello')];
  writer.render({ finished: [], live: [composed], cursor: null });
  writer.render({ finished: [[span('› ', { isPrompt: true }), span('hello')]], live: [composed], cursor: null });
  writer.close();
  await new Promise((resolve) => setImmediate(resolve));
  expect(bytes.split('\u001b]133;A\u001b\\')).toHaveLength(2);
});

test('a frame never clears what it paints again: what stays on the screen is there at each moment of it', async () => {
  const size = { columns: 30, rows: 12 };
  const emulator = new Emulator(size, 'truecolor');
  for (let one = 0; one < 40; one += 1) {
    // Most rows stay for a few frames.
    const answer = Array.from({ length: Math.floor(one / 5) % 5 }, (_, at) => row(`answer ${at}`));
    const live = [
      ...answer,
      row(`Working (${one}s)`),
      row(`> ${'draft'.slice(0, one % 6)}`),
      row('  ready', { role: 'muted' }),
    ];
    emulator.writer.render({ finished: [], live, cursor: at(answer.length + 1, 2 + (one % 6)) });
  }
  await emulator.settled();
  const terminal = new headless.Terminal({ cols: size.columns, rows: size.rows, allowProposedApi: true });
  const screen = () =>
    Array.from({ length: size.rows }, (_, at) => terminal.buffer.active.getLine(at)?.translateToString(true).trimEnd());
  const write = (bytes: string) => new Promise<void>((resolve) => terminal.write(bytes, resolve));
  let kept = 0;
  for (const frame of emulator.writes) {
    const moments = [screen()];
    for (const piece of frame.split(/(?=\u001b)/)) {
      await write(piece);
      moments.push(screen());
    }
    const [before = [], after = []] = [moments[0], moments.at(-1)];
    const same = before.flatMap((text, at) => (text !== '' && text === after[at] ? at : []));
    kept += same.length;
    for (const moment of moments) expect(same.map((at) => moment[at])).toEqual(same.map((at) => before[at]));
  }
  expect(kept).toBeGreaterThan(40);
  terminal.dispose();
});
