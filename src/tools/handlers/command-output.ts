import type { CommandOutcome } from '../../process/index.ts';
import { byteLength, truncateForModel } from '../../util/index.ts';

/** Exit code that stands for a command killed at its time limit. */
const TIMEOUT_EXIT_CODE = 124;

/** Whether a model is shown less than this text. */
export function isCut(text: string): boolean {
  return truncateForModel(text) !== text;
}

/** keel's own lines begin with the mark; a copy of it in raw output is broken, so that none can be forged. */
export function defuse(text: string, mark: string): string {
  const [word = '', digits = ''] = mark.split(':');
  return text.replaceAll(new RegExp(`^${word}:(?=${digits})`, 'gm'), `${word}:?`);
}

/** A text with keel's own lines behind it, within what a model is shown in all. */
export function withNotes(text: string, notes: readonly string[]): string {
  if (notes.length === 0) return truncateForModel(text);
  const tail = notes.join('\n');
  const body = truncateForModel(text, byteLength(tail) + 1);
  return `${body}${body === '' || body.endsWith('\n') ? '' : '\n'}${tail}`;
}

/** What was cut out of an output and where it can be read. */
export function cutNote(
  mark: string,
  outcome: Pick<CommandOutcome, 'spillPath' | 'totalBytes' | 'spilledBytes'>,
): string {
  const { spillPath, totalBytes, spilledBytes } = outcome;
  const left = `${mark} The middle of this output was left out`;
  if (spillPath === null) {
    return `${left} and not kept. Run it again with its output narrowed or sent to a file if you need that part.`;
  }
  const held =
    spilledBytes < totalBytes ? `The first ${spilledBytes} of ${totalBytes} bytes` : `All ${totalBytes} bytes`;
  return `${left}. ${held} are in ${spillPath}; read the part you need from there.`;
}

export interface WordedOutcome {
  readonly text: string;
  readonly exitCode: number;
  readonly durationSeconds: number;
}

/** The text of a command's result: its output, cut if need be, with the lines that keel adds. */
export function wordOutcome(outcome: CommandOutcome, timeoutMs: number, mark: string): WordedOutcome {
  const durationSeconds = Math.round(outcome.durationMs / 100) / 10;
  const raw = defuse(outcome.output, mark);
  const cut = isCut(raw) || outcome.totalBytes > byteLength(outcome.output) ? [cutNote(mark, outcome)] : [];
  const { end } = outcome;
  switch (end.type) {
    case 'exited':
      return { text: withNotes(raw, cut), exitCode: end.exitCode, durationSeconds };
    case 'signalled':
      return {
        text: withNotes(raw, [...cut, `${mark} The program was ended by the signal ${end.signal}.`]),
        exitCode: end.exitCode,
        durationSeconds,
      };
    case 'timedOut': {
      const first = `command timed out after ${Math.round(outcome.durationMs)} milliseconds\n`;
      const advice = `${mark} Killed at its time limit of ${timeoutMs} ms with everything it had started. Give it more with timeout_ms, or do less in one call.`;
      return { text: withNotes(first + raw, [...cut, advice]), exitCode: TIMEOUT_EXIT_CODE, durationSeconds };
    }
    case 'aborted': {
      const seconds = Math.max(0.1, durationSeconds);
      return { text: withNotes(raw, [...cut, `aborted by user after ${seconds}s`]), exitCode: -1, durationSeconds };
    }
    case 'spawnFailed':
      return { text: `execution error: ${end.message}`, exitCode: -1, durationSeconds };
  }
}

/** The form in which `shell` and its kin answer; requests may rewrite it to lines of text. */
export function asJson({ text, exitCode, durationSeconds }: WordedOutcome): string {
  return JSON.stringify({ output: text, metadata: { exit_code: exitCode, duration_seconds: durationSeconds } });
}
