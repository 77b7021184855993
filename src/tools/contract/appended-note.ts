import { withCommandOutput } from '../../foundation/protocol/index.ts';
import { byteLength, cutAgain, MAX_OUTPUT_BYTES } from '../../foundation/util/index.ts';
import type { ToolOutput } from './tool-call.ts';

/**
 * Appends a line of keel's own to an output. The whole stays within the limit for outputs: lines from the middle of what the
 * call itself printed make room, lines that keel had added before stay.
 */
export function withNote(output: ToolOutput, note: string): ToolOutput {
  const { body } = output;
  if (typeof body !== 'string') return { ...output, body: [...body, { type: 'input_text', text: note }] };
  return { ...output, body: withCommandOutput(body, (text) => appended(text, note)) };
}

function appended(text: string, note: string): string {
  const [mark = ''] = note.split(' ');
  const own = ownLines(text, mark);
  const raw = text.slice(0, text.length - own.length);
  const tail = `${own === '' || own.endsWith('\n') ? own : `${own}\n`}${note}`;
  const maxBytes = MAX_OUTPUT_BYTES - byteLength(tail) - 1;
  return joined(cutAgain(raw, { maxBytes, where: 'they made room for the line below' }), tail);
}

/** The lines that keel has appended to a text. */
function ownLines(text: string, mark: string): string {
  const lines = text.split('\n');
  const first = lines.findLastIndex((line) => line !== '' && !line.startsWith(mark)) + 1;
  return lines.slice(first).some((line) => line !== '') ? lines.slice(first).join('\n') : '';
}

function joined(text: string, line: string): string {
  return text === '' || text.endsWith('\n') ? text + line : `${text}\n${line}`;
}
