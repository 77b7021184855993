import { cutBytesEnd } from '../../../../foundation/util/index.ts';

/** The first place where a text is not what its language allows. */
export interface SyntaxFault {
  /** Counts from 1. */
  readonly line: number;
  /** In a few words, on one line. */
  readonly what: string;
}

const MAX_QUOTED_BYTES = 60;

/** A piece of a text, for a fault: its first line, shortened. */
export function quoted(text: string): string {
  const line = text.trimStart().split('\n')[0] ?? '';
  return JSON.stringify(cutBytesEnd(line, MAX_QUOTED_BYTES));
}
