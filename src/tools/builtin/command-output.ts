import { type CommandResult, timedOutLine } from '../../foundation/protocol/index.ts';
import {
  byteLength,
  fitsModel,
  MAX_OUTPUT_LINES,
  type PartialText,
  truncatePartial,
} from '../../foundation/util/index.ts';
import type { CommandOutcome } from '../../system/process/index.ts';

/** Exit code that stands for a command killed at its time limit. */
const TIMEOUT_EXIT_CODE = 124;

/** What is known of an output and of the file that holds the whole of it. */
export interface ShownOutput {
  readonly partial: PartialText;
  /** Null: not kept. */
  readonly spillPath: string | null;
  readonly spilledBytes: number;
  /** Of all that went into the file, were it not limited. */
  readonly printedBytes: number;
}

/**
 * An output as the model sees it: cut to its limits if need be, with keel's own lines behind it. These count within the
 * limits, and copies of their mark in the output are broken, so that none can be forged.
 */
export function showOutput(output: ShownOutput, notes: readonly string[], mark: string): string {
  const partial = defuse(output.partial, mark);
  const all = fitsModel(partial, roomFor(notes)) ? notes : [cutNote(output, mark), ...notes];
  const room = roomFor(all);
  // Of too many lines the first and last 128 are pinned; only a text that would just fit gives lines away.
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

/** What was cut out of an output and where it can be read. */
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

export interface Wording {
  readonly timeoutMs: number;
  readonly mark: string;
  /** Lines of keel's own for a program that has ended by itself. */
  readonly notes: readonly string[];
}

/** The text of a command's result. */
export function wordOutcome(outcome: CommandOutcome, { timeoutMs, mark, notes }: Wording): CommandResult {
  const { end, durationMs } = outcome;
  const durationSeconds = Math.round(durationMs / 100) / 10;
  const shown = { ...outcome, printedBytes: outcome.totalBytes };
  switch (end.type) {
    case 'exited':
      return { output: showOutput(shown, notes, mark), exitCode: end.exitCode, durationSeconds };
    case 'signalled': {
      const note = `${mark} The program was ended by the signal ${end.signal}.`;
      return { output: showOutput(shown, [note], mark), exitCode: end.exitCode, durationSeconds };
    }
    case 'timedOut': {
      const note = `${mark} Killed at its time limit of ${timeoutMs} ms with everything it had started. Give it more with timeout_ms, or do less in one call.`;
      const partial = withFirstLine(timedOutLine(durationMs), shown.partial);
      return { output: showOutput({ ...shown, partial }, [note], mark), exitCode: TIMEOUT_EXIT_CODE, durationSeconds };
    }
    case 'aborted':
      return { output: showOutput(shown, [abortedNote(durationMs)], mark), exitCode: -1, durationSeconds };
    case 'spawnFailed':
      return { output: `execution error: ${end.message}`, exitCode: -1, durationSeconds };
  }
}

export function abortedNote(durationMs: number): string {
  return `aborted by user after ${Math.max(0.1, durationMs / 1_000).toFixed(1)}s`;
}

function withFirstLine(line: string, text: PartialText): PartialText {
  const { head, totalBytes, totalLines } = text;
  return { ...text, head: line + head, totalBytes: totalBytes + byteLength(line), totalLines: totalLines + 1 };
}
