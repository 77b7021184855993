import type { Row } from '../row.ts';
import type { Piece } from './piece.ts';
import { pieceRows } from './piece-rows.ts';
import { EMPTY_STREAM, endMarkdown, livePieces, type MarkdownStream, pushMarkdown } from './stream.ts';

/** A whole text as rows. A text that was streamed ends as these, wherever its parts were cut. */
export function markdownRows(text: string, width: number): Row[] {
  const { stream, pieces } = pushMarkdown(EMPTY_STREAM, text);
  return piecesRows([...pieces, ...endMarkdown(stream)], width);
}

export function piecesRows(pieces: readonly Piece[], width: number): Row[] {
  return pieces.flatMap((piece) => pieceRows(piece, width));
}

/** A text that grows: the pieces that are final, and the rows of what isn't. */
export interface StreamedText {
  /** In order; more are only ever added at the end. */
  readonly final: readonly Piece[];
  liveRows(width: number): readonly Row[];
  /** The rows after the final pieces once the text has ended. */
  endRows(width: number): Row[];
}

interface Known {
  readonly text: string;
  readonly stream: MarkdownStream;
  readonly final: readonly Piece[];
}

interface LiveRows {
  readonly stream: MarkdownStream;
  readonly width: number;
  readonly rows: readonly Row[];
}

/**
 * Reads texts that grow from call to call, each time only what is new. It is a cache and nothing else: what a text becomes
 * depends on the text alone.
 */
export class MarkdownReader {
  #known: Known = { text: '', stream: EMPTY_STREAM, final: [] };
  #live: LiveRows = { stream: EMPTY_STREAM, width: 0, rows: [] };

  read(text: string): StreamedText {
    if (!text.startsWith(this.#known.text)) this.#known = { text: '', stream: EMPTY_STREAM, final: [] };
    if (text.length > this.#known.text.length) {
      const { stream, pieces } = pushMarkdown(this.#known.stream, text.slice(this.#known.text.length));
      this.#known = {
        text,
        stream,
        final: pieces.length === 0 ? this.#known.final : [...this.#known.final, ...pieces],
      };
    }
    const { stream, final } = this.#known;
    return {
      final,
      liveRows: (width) => this.#liveRows(stream, width),
      endRows: (width) => piecesRows(endMarkdown(stream), width),
    };
  }

  /** Frames in which no text came, such as those of keys, read nothing again. */
  #liveRows(stream: MarkdownStream, width: number): readonly Row[] {
    if (this.#live.stream !== stream || this.#live.width !== width) {
      this.#live = { stream, width, rows: piecesRows(livePieces(stream), width) };
    }
    return this.#live.rows;
  }
}
