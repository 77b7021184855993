import type { Row } from '../../text/index.ts';
import type { FramePainter, Size } from '../terminal/index.ts';

const ENTER = '\u001b[?1049h\u001b[H\u001b[?1007h';
const LEAVE = '\u001b[?1007l\u001b[?1049l';

export interface FullScreenParts {
  readonly write: (bytes: string) => void;
  /** Paints the conversation; it rests while the full screen is in front. */
  readonly conversation: FramePainter;
  /** Makes what paints the full screen. */
  readonly makePainter: (size: Size) => FramePainter;
}

/** The terminal's other screen, for what is scrolled through. The conversation and its scrollback stay as they are. */
export class FullScreen {
  readonly #parts: FullScreenParts;
  #painter: FramePainter | null = null;
  #size: Size;

  constructor(parts: FullScreenParts, size: Size) {
    this.#parts = parts;
    this.#size = size;
  }

  resize(size: Size): void {
    this.#size = size;
    this.#painter?.resize(size);
  }

  show(rows: readonly Row[]): void {
    if (this.#painter === null) {
      this.#parts.conversation.suspend();
      this.#parts.write(ENTER);
      this.#painter = this.#parts.makePainter(this.#size);
    }
    this.#painter.render({ finished: [], live: rows, cursor: null });
  }

  hide(): void {
    if (this.#painter === null) return;
    this.#painter.close();
    this.#painter = null;
    this.#parts.write(LEAVE);
    this.#parts.conversation.resume();
  }
}
