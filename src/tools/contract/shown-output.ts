import { byteLength, cutLines, fitsModel, MAX_OUTPUT_BYTES, type PartialText } from '../../foundation/util/index.ts';

/** An output and the file that has the whole of it. */
export interface ShownOutput {
  readonly partial: PartialText;
  /** Null: not kept. */
  readonly spillPath: string | null;
  readonly spilledBytes: number;
  /** What the file would have without its limit. */
  readonly printedBytes: number;
}

/** What the descriptions of tools say about the limit for an output. */
export const limitText = `Output over ${MAX_OUTPUT_BYTES} bytes loses middle lines; a line names them and the file with all.`;

/** Lines of keel's own around an output. */
export interface OwnLines {
  /** With its end; it is not a line of the output. */
  readonly first?: string;
  readonly last: readonly string[];
}

/**
 * The output as the model sees it: cut to the limit, with keel's own lines around it. These count within the limit.
 * Copies of their mark in the output are altered, so that no program can forge one.
 */
export function showOutput(output: ShownOutput, { first = '', last }: OwnLines, mark: string): string {
  const partial = defuse(output.partial, mark);
  const reserved = byteLength(first) + last.reduce((sum, line) => sum + byteLength(line) + 1, 0);
  const where = whereabouts(output);
  const body = fitsModel(partial, reserved)
    ? partial.head + partial.tail
    : cutLines(partial, { maxBytes: MAX_OUTPUT_BYTES - reserved, where });
  const ended = last.length === 0 || body === '' || body.endsWith('\n') ? body : `${body}\n`;
  return first + ended + last.join('\n');
}

function defuse(text: PartialText, mark: string): PartialText {
  const [word = '', digits = ''] = mark.split(':');
  const copies = new RegExp(`^${word}:(?=${digits})`, 'gm');
  const head = text.head.replaceAll(copies, `${word}:?`);
  const tail = text.tail.replaceAll(copies, `${word}:?`);
  const grown = head.length - text.head.length + tail.length - text.tail.length;
  return { ...text, head, tail, totalBytes: text.totalBytes + grown };
}

/** Where the lines that were cut out of an output can be read. */
function whereabouts({ spillPath, spilledBytes, printedBytes }: ShownOutput): string {
  if (spillPath === null) return 'not kept: to see them, narrow the output or send it to a file';
  return spilledBytes < printedBytes
    ? `the first ${spilledBytes} of ${printedBytes} bytes are in ${spillPath}`
    : `all in ${spillPath}, nothing omitted`;
}

export function abortedNote(durationMs: number): string {
  return `aborted by user after ${Math.max(0.1, durationMs / 1_000).toFixed(1)}s`;
}
