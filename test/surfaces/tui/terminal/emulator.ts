import { PassThrough } from 'node:stream';
import headless from '@xterm/headless';
import type { ColourDepth } from '../../../../src/surfaces/text/colour.ts';
import { paletteOf } from '../../../../src/surfaces/text/palette.ts';
import { themeFor } from '../../../../src/surfaces/text/theme.ts';
import type { Size } from '../../../../src/surfaces/tui/terminal/frame.ts';
import { FrameWriter } from '../../../../src/surfaces/tui/terminal/frame-writer.ts';

export function style(depth: ColourDepth = 'none') {
  return { palette: paletteOf(themeFor('dark', null), depth), hasLinks: depth !== 'none' };
}

/** A real terminal emulator behind a writer: what it shows, what it keeps in its scrollback, and the writes it got. */
export class Emulator {
  readonly writes: string[] = [];
  readonly output = new PassThrough();
  readonly terminal: headless.Terminal;
  readonly writer: FrameWriter;

  constructor(size: Size, depth: ColourDepth = 'none', { scrollback = 20_000, settle = 0 } = {}) {
    this.terminal = new headless.Terminal({
      cols: size.columns,
      rows: size.rows,
      scrollback,
      allowProposedApi: true,
    });
    this.output.on('data', (bytes: Buffer) => this.#take(bytes.toString()));
    const reflow = 'wraps-as-xterm-js';
    this.writer = new FrameWriter({ output: this.output, size, style: style(depth), reflow, settle });
  }

  #take(bytes: string): void {
    this.writes.push(bytes);
    this.terminal.write(bytes);
  }

  async settled(): Promise<void> {
    await new Promise<void>((resolve) => setImmediate(resolve));
    await new Promise<void>((resolve) => this.terminal.write('', resolve));
  }

  async resize(size: Size): Promise<void> {
    await this.settled();
    this.terminal.resize(size.columns, size.rows);
    this.writer.resize(size);
  }

  /** Lines of scrollback and screen, wrapped ones joined, without the blank ones at the end. */
  async lines(): Promise<string[]> {
    await this.settled();
    const { buffer } = this.terminal;
    const lines: string[] = [];
    for (let at = 0; at < buffer.normal.length; at += 1) {
      const line = buffer.normal.getLine(at);
      const text = line?.translateToString(true) ?? '';
      if (line?.isWrapped && lines.length > 0) lines.push((lines.pop() ?? '') + text);
      else lines.push(text);
    }
    while (lines.at(-1) === '') lines.pop();
    return lines;
  }

  /** Rows of the screen alone. */
  async screen(): Promise<string[]> {
    await this.settled();
    const { active } = this.terminal.buffer;
    return Array.from({ length: this.terminal.rows }, (_, at) =>
      (active.getLine(active.baseY + at)?.translateToString(true) ?? '').trimEnd(),
    );
  }

  async cursor(): Promise<{ row: number; column: number }> {
    await this.settled();
    const { active } = this.terminal.buffer;
    return { row: active.cursorY, column: active.cursorX };
  }
}
