import headless from '@xterm/headless';
import { SIZE } from './run.ts';

const FRAME = /\u001b\[\?2026h[\s\S]*?\u001b\[\?2026l/g;

/** How many frames of an output leave the screen, the scrollback and the cursor as they were, to the last colour. */
export async function emptyFrames(output: string): Promise<number> {
  const terminal = new headless.Terminal({ ...SIZE, scrollback: 20_000, allowProposedApi: true });
  const write = (text: string) => new Promise<void>((done) => terminal.write(text, done));
  let at = 0;
  let before = '';
  let empty = 0;
  for (const { 0: frame, index } of output.matchAll(FRAME)) {
    await write(output.slice(at, index));
    await write(frame);
    at = index + frame.length;
    const now = picture(terminal);
    if (now === before) empty += 1;
    before = now;
  }
  terminal.dispose();
  return empty;
}

function picture({ buffer: { active }, rows, cols }: headless.Terminal): string {
  const parts = [`${active.baseY} ${active.cursorX} ${active.cursorY}`];
  for (let row = 0; row < rows; row += 1) {
    const line = active.getLine(active.baseY + row);
    for (let column = 0; column < cols; column += 1) {
      const cell = line?.getCell(column);
      if (cell)
        parts.push(`${cell.getChars()}${cell.getFgColor()} ${cell.getBgColor()} ${cell.isBold()} ${cell.isDim()}`);
    }
  }
  return parts.join('|');
}
