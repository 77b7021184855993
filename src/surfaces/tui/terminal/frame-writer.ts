import type { Writable } from 'node:stream';
import { type Row, type RowStyle, wrapSoft } from '../../text/index.ts';
import type { CursorPosition, Frame, FramePainter, Size } from './frame.ts';
import { ERASE_BELOW, type Painted, paintRows } from './paint-frame.ts';
import { type Reflow, rowsAboveCursor } from './reflow.ts';

const BEGIN = '\u001b[?2026h';
const END = '\u001b[?2026l';
const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';

const SETTLE = 30;

const NOTHING: Painted = { rows: [], cursorRow: 0, cursorColumn: 0, isCursorShown: true };
/** After another program wrote, the cursor's row is taken to be free, its column is not known. */
const UNKNOWN: Painted = { ...NOTHING, cursorColumn: null };

export interface FrameWriterOptions {
  readonly output: Writable;
  readonly size: Size;
  readonly style: RowStyle;
  readonly reflow: Reflow;
  /** How long the size has to stay the same before the live region is painted again, milliseconds. */
  readonly settle?: number;
}

/**
 * Paints into the terminal's normal screen: what is finished goes into the scrollback, and a live region below is redrawn
 * in place. Each frame is one synchronized write of what changed; a frame that changes nothing writes nothing. While the
 * terminal does not read, frames are skipped and only the last one is painted.
 */
export class FrameWriter implements FramePainter {
  readonly #output: Writable;
  readonly #reflow: Reflow;
  readonly #settle: number;
  #size: Size;
  #style: RowStyle;
  #state: 'painting' | 'suspended' | 'closed' = 'painting';
  #painted: Painted = UNKNOWN;
  /** What is on the screen is of another program, or in other colours. */
  #isStale = true;
  #finished: Row[] = [];
  #live: readonly Row[] = [];
  #cursor: CursorPosition | null = null;
  #isDraining = false;
  #settling: NodeJS.Timeout | null = null;

  constructor({ output, size, style, reflow, settle = SETTLE }: FrameWriterOptions) {
    this.#output = output;
    this.#size = size;
    this.#style = style;
    this.#reflow = reflow;
    this.#settle = settle;
  }

  render({ finished, live, cursor }: Frame): void {
    for (const row of finished) this.#finished.push(row);
    this.#live = live;
    this.#cursor = cursor;
    this.#paint();
  }

  /**
   * Takes the live region off the screen at once, so that further changes of the size find nothing to wrap: wrapped live
   * rows push each other into the scrollback. It is painted again once the size has settled.
   */
  resize(size: Size): void {
    const isShorter = size.rows < this.#size.rows;
    if (size.columns === this.#size.columns && size.rows === this.#size.rows) return;
    this.#size = size;
    if (this.#settle > 0) this.#settleSoon();
    if (this.#state !== 'painting' || this.#painted.rows.length === 0) return;
    this.#output.write(`${BEGIN}${this.#toFirstRow(isShorter)}${ERASE_BELOW}\r${END}`);
    this.#painted = { ...NOTHING, isCursorShown: this.#painted.isCursorShown };
  }

  /** Colours changed. The caller renders a frame right after, which repaints the live region. */
  restyle(style: RowStyle): void {
    this.#style = style;
    this.#isStale = true;
  }

  suspend(): void {
    if (this.#state !== 'painting') return;
    this.#state = 'suspended';
    this.#output.write(`${BEGIN}${this.#toFirstRow(false)}${ERASE_BELOW}\r${SHOW_CURSOR}${END}`);
  }

  resume(): void {
    if (this.#state === 'closed') return;
    this.#state = 'painting';
    this.#painted = UNKNOWN;
    this.#isStale = true;
    this.#paint();
  }

  close(): void {
    if (this.#state === 'closed') return;
    if (this.#state === 'painting') {
      const bytes = this.#frame({ live: [], cursor: { row: 0, column: 0 } });
      if (bytes !== '') this.#output.write(bytes);
    }
    this.#state = 'closed';
    if (this.#settling !== null) clearTimeout(this.#settling);
  }

  #settleSoon(): void {
    if (this.#settling !== null) clearTimeout(this.#settling);
    this.#settling = setTimeout(() => {
      this.#settling = null;
      this.#paint();
    }, this.#settle);
  }

  #paint(): void {
    if (this.#state !== 'painting' || this.#isDraining || this.#settling !== null) return;
    if (this.#output.writableNeedDrain) {
      this.#isDraining = true;
      this.#output.once('drain', () => {
        this.#isDraining = false;
        this.#paint();
      });
      return;
    }
    const bytes = this.#frame(visiblePart(this.#live, this.#cursor, this.#size));
    if (bytes !== '') this.#output.write(bytes);
  }

  #frame({ live, cursor }: { live: readonly Row[]; cursor: CursorPosition | null }): string {
    // Rows that were finished for a wider window wrap, lest something of them is lost.
    const finished = this.#finished.flatMap((row) => wrapSoft(row, this.#size.columns));
    const start = this.#isStale ? `${this.#toFirstRow(false)}${ERASE_BELOW}\r` : '';
    const shown = this.#painted.isCursorShown;
    const before = this.#isStale ? { ...NOTHING, isCursorShown: shown } : this.#painted;
    const place = cursor && { row: cursor.row + finished.length, column: cursor.column };
    const { bytes, row, column } = paintRows(before, {
      rows: finished.length === 0 ? live : [...finished, ...live],
      finished: finished.length,
      cursor: place,
      columns: this.#size.columns,
      style: this.#style,
    });
    this.#painted = {
      rows: live,
      cursorRow: row - finished.length,
      cursorColumn: column,
      isCursorShown: cursor !== null,
    };
    this.#finished = [];
    this.#isStale = false;
    const body = start + bytes;
    const toggles = shown !== (cursor !== null);
    if (body === '' && !toggles) return '';
    return `${BEGIN}${shown ? HIDE_CURSOR : ''}${body}${cursor ? SHOW_CURSOR : ''}${END}`;
  }

  /** Moves to the start of the first painted row, wherever a change of the width put it. */
  #toFirstRow(isShorter: boolean): string {
    const change = { columns: this.#size.columns, isShorter };
    const up = rowsAboveCursor(this.#painted, change, this.#reflow);
    return up > 0 ? `\r\u001b[${up}A` : '\r';
  }
}

/** As many live rows as the screen holds: the last ones, but those with the cursor in any case. */
function visiblePart(live: readonly Row[], cursor: CursorPosition | null, { rows }: Size) {
  const from = Math.max(0, Math.min(live.length - Math.max(1, rows), cursor?.row ?? live.length));
  if (from === 0 && live.length <= rows) return { live, cursor };
  return { live: live.slice(from, from + rows), cursor: cursor && { ...cursor, row: cursor.row - from } };
}
