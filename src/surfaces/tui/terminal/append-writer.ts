import type { Writable } from 'node:stream';
import { encodeRow, isContinued, type Row, type RowStyle } from '../../text/index.ts';
import type { Frame, FramePainter } from './frame.ts';

export interface AppendWriterOptions {
  readonly output: Writable;
  readonly style: RowStyle;
}

/**
 * Paints by adding lines, for dumb terminals and screen readers: no movement of the cursor, nothing erased, nothing shown
 * again. Only finished rows are written; the live region has no lines of its own here.
 */
export class AppendWriter implements FramePainter {
  readonly #output: Writable;
  readonly #style: RowStyle;
  #state: 'painting' | 'suspended' | 'closed' = 'painting';
  #waiting: Row[] = [];

  constructor({ output, style }: AppendWriterOptions) {
    this.#output = output;
    this.#style = style;
  }

  render({ finished }: Frame): void {
    for (const row of finished) this.#waiting.push(row);
    this.#write();
  }

  /** The terminal wraps its lines itself. */
  resize(): void {
    this.#write();
  }

  suspend(): void {
    if (this.#state === 'painting') this.#state = 'suspended';
  }

  resume(): void {
    if (this.#state === 'suspended') this.#state = 'painting';
    this.#write();
  }

  close(): void {
    this.#write();
    this.#state = 'closed';
  }

  #write(): void {
    if (this.#state !== 'painting' || this.#waiting.length === 0) return;
    const rows = this.#waiting;
    this.#waiting = [];
    // What the terminal would wrap is one line, which it wraps or reads out as it likes.
    const starts = rows.map((row, index) => (index > 0 && !isContinued(row) ? '\r\n' : ''));
    this.#output.write(`${rows.map((row, index) => starts[index] + encodeRow(row, this.#style)).join('')}\r\n`);
  }
}
