// Runs inside tmux: finishes a line with each key, or each few milliseconds, above a live region, and follows the size.

import { paletteOf } from '../../../../src/surfaces/text/palette.ts';
import { row } from '../../../../src/surfaces/text/row.ts';
import { themeFor } from '../../../../src/surfaces/text/theme.ts';
import { FrameWriter } from '../../../../src/surfaces/tui/terminal/frame-writer.ts';

const count = Number(process.argv[2]);
const pace = process.argv[3];
const { stdout } = process;
const size = () => ({ columns: stdout.columns, rows: stdout.rows });
const style = { palette: paletteOf(themeFor('dark', null), '16'), hasLinks: false };
const writer = new FrameWriter({ output: stdout, size: size(), style, reflow: 'wraps' });
/** The screen is full from the start: terminals push the rows at its top into the history when others wrap below. */
let waiting = Array.from({ length: 50 }, (_, at) => `start ${at}`);

function paint(): void {
  const { columns, rows } = size();
  const live = [row('='.repeat(columns)), row(`> draft ${columns}x${rows}`), row('~'.repeat(columns - 1))];
  writer.render({ finished: waiting.map((text) => row(text)), live, cursor: { row: 1, column: 7 } });
  waiting = [];
}

stdout.on('resize', () => {
  writer.resize(size());
  paint();
});
process.stdin.setRawMode(true);
process.stdin.resume();
let done = 0;
function finishOne(): void {
  waiting.push(done === count ? 'END' : `unique ${done}`);
  paint();
  done += 1;
}
if (pace === 'each key') process.stdin.on('data', finishOne);
else {
  const timer = setInterval(() => {
    finishOne();
    if (done > count) clearInterval(timer);
  }, 15);
}
paint();
