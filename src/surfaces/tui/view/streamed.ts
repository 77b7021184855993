import { MarkdownReader, piecesRows, type Row } from '../../text/index.ts';
import type { Entry } from '../transcript/index.ts';

/** What of an answer is final, and what may still change. */
export interface StreamedRows {
  /** Rows that follow those that are in the scrollback already. */
  readonly final: readonly Row[];
  readonly rest: readonly Row[];
  /** Pieces of the answer that are final. */
  readonly pieces: number;
}

/** Reads each answer once, however many frames show it while it grows: a cache, and nothing else. */
const reader = new MarkdownReader();

/** The text of an entry that streams; null: it doesn't. */
export function streamedText(entry: Entry | undefined): string | null {
  if (entry?.type !== 'item' || entry.item.type !== 'agentMessage' || entry.isDone) return null;
  return entry.live;
}

/** An answer that grows. `known`: its pieces that are in the scrollback. */
export function streamedRows(text: string, known: number, width: number): StreamedRows {
  const { final, liveRows } = reader.read(text);
  return { final: piecesRows(final.slice(known), width), rest: liveRows(width), pieces: final.length };
}

/** The rows of an answer that has ended, behind the pieces that are in the scrollback. */
export function remainingRows(text: string, known: number, width: number): Row[] {
  const { final, rest } = streamedRows(text, known, width);
  return [...final, ...rest];
}
