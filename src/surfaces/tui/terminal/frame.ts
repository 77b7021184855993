import type { Row } from '../../text/index.ts';

/** Size of the terminal, in cells. */
export interface Size {
  readonly columns: number;
  readonly rows: number;
}

export interface Frame {
  /** Rows that became final since the last frame: they go to the terminal's scrollback, once. */
  readonly finished: readonly Row[];
  /** Rows of the live region, which is redrawn in place. Of more than the screen holds, the last ones are shown. */
  readonly live: readonly Row[];
  /** Where the text cursor is, in rows and cells of `live` from 0; null hides it. */
  readonly cursor: CursorPosition | null;
}

export interface CursorPosition {
  readonly row: number;
  readonly column: number;
}

/** Paints frames. `FrameWriter` repaints in place; `AppendWriter` only ever adds lines (dumb terminals, screen readers). */
export interface FramePainter {
  render(frame: Frame): void;
  /**
   * After the terminal changed its size: the live region is taken off the screen. The caller renders a frame for the new size
   * right after, which is painted once the size has settled.
   */
  resize(size: Size): void;
  /** Takes the live region off the screen and stops painting: another program or screen is in front. Frames are kept. */
  suspend(): void;
  /** Paints again, from the row that the cursor is in: after `suspend`, or after the process was stopped from outside. */
  resume(): void;
  /** Takes the live region off the screen and shows the cursor. Nothing is painted after. */
  close(): void;
}
