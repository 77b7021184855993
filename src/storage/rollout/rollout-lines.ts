import type { RolloutItem } from '../../foundation/protocol/index.ts';
import { parseLine } from './parse-line.ts';
import { rolloutTexts } from './read.ts';

/** One line of a rollout while it is read. */
export type ReadLine =
  | {
      readonly type: 'line';
      readonly line: RolloutItem;
      /** UTC, as it is written there. */
      readonly timestamp: string | null;
    }
  /** Damaged, or of a kind that this version doesn't know. */
  | { readonly type: 'unread' };

const TIMESTAMP = /^\{"timestamp":"([^"\\]{1,40})"/;

/**
 * The lines of a rollout one after the other, for those who need not have them all: memory is that of the longest line.
 * @throws KeelError `rolloutCorrupt` if the file can't be read
 */
export function* rolloutLines(path: string): Generator<ReadLine> {
  for (const text of rolloutTexts(path)) {
    if (text.trim() === '') continue;
    const parsed = parseLine(text);
    if (parsed.type === 'ok') yield { type: 'line', line: parsed.item, timestamp: timestampOf(text) };
    else yield { type: 'unread' };
  }
}

/** A text of its own: a part of a line would keep all that was read with it in memory. */
function timestampOf(text: string): string | null {
  const found = TIMESTAMP.exec(text)?.[1];
  return found === undefined ? null : Buffer.from(found, 'latin1').toString('latin1');
}
