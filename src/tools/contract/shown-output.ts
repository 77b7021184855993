import {
  byteLength,
  fitsModel,
  MAX_OUTPUT_LINES,
  type PartialText,
  truncatePartial,
} from '../../foundation/util/index.ts';

/** An output and the file that has the whole of it. */
export interface ShownOutput {
  readonly partial: PartialText;
  /** Null: not kept. */
  readonly spillPath: string | null;
  readonly spilledBytes: number;
  /** What the file would have without its limit. */
  readonly printedBytes: number;
}

/**
 * The output as the model sees it: cut to its limits, with keel's own lines at the end. These lines count within the limits.
 * Copies of their mark in the output are altered, so that no program can forge one.
 */
export function showOutput(output: ShownOutput, notes: readonly string[], mark: string): string {
  const partial = defuse(output.partial, mark);
  const all = fitsModel(partial, roomFor(notes)) ? notes : [cutNote(output, mark), ...notes];
  const room = roomFor(all);
  // A text with too many lines keeps its first and last 128; only one that would just fit gives up lines for the notes.
  const lines = partial.totalLines > MAX_OUTPUT_LINES ? 0 : room.lines;
  const body = truncatePartial(partial, { bytes: room.bytes, lines });
  return all.length === 0 ? body : `${body}${body === '' || body.endsWith('\n') ? '' : '\n'}${all.join('\n')}`;
}

function roomFor(notes: readonly string[]): { bytes: number; lines: number } {
  return { bytes: notes.reduce((sum, note) => sum + byteLength(note) + 1, 0), lines: notes.length };
}

function defuse(text: PartialText, mark: string): PartialText {
  const [word = '', digits = ''] = mark.split(':');
  const copies = new RegExp(`^${word}:(?=${digits})`, 'gm');
  const head = text.head.replaceAll(copies, `${word}:?`);
  const tail = text.tail.replaceAll(copies, `${word}:?`);
  const grown = head.length - text.head.length + tail.length - text.tail.length;
  return { ...text, head, tail, totalBytes: text.totalBytes + grown };
}

/** Says what was cut out of an output and where it can be read. */
function cutNote({ spillPath, spilledBytes, printedBytes }: ShownOutput, mark: string): string {
  const left = `${mark} The middle of this output was left out`;
  if (spillPath === null) {
    return `${left} and not kept. Run it again with its output narrowed or sent to a file if you need that part.`;
  }
  if (spilledBytes < printedBytes) {
    return `${left}. The first ${spilledBytes} of ${printedBytes} bytes are in ${spillPath}; the rest was not kept.`;
  }
  return `${left}. All ${printedBytes} bytes are in ${spillPath}; read the part you need from there.`;
}

export function abortedNote(durationMs: number): string {
  return `aborted by user after ${Math.max(0.1, durationMs / 1_000).toFixed(1)}s`;
}
