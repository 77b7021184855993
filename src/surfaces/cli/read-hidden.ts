import type { CommandIo } from './io.ts';
import { note } from './output.ts';

const CTRL_C = '\u0003';
const CTRL_D = '\u0004';
const CTRL_U = '\u0015';
const BACKSPACES: readonly string[] = ['\b', '\u007f'];
const ENTERS: readonly string[] = ['\r', '\n'];
/** What terminals put around pasted text, and other sequences of keys. */
const SEQUENCE = /\u001b(?:\[[0-9;?]*[ -/]*[@-~]|.)/g;

/** Asks on a terminal for a line that is not shown. Null: the user gave up (Ctrl-C, or Ctrl-D on an empty line). */
export async function readHidden(io: CommandIo, question: string): Promise<string | null> {
  const { stdin } = io;
  // First, so that not even what is typed at once is shown.
  stdin.setRawMode?.(true);
  note(io, question);
  let text = '';
  try {
    for await (const chunk of stdin) {
      for (const key of String(chunk).replaceAll(SEQUENCE, '')) {
        if (ENTERS.includes(key)) return text;
        if (key === CTRL_C || (key === CTRL_D && text === '')) return null;
        if (key === CTRL_U) text = '';
        else if (BACKSPACES.includes(key)) text = text.slice(0, -1);
        else if (key >= ' ') text += key;
      }
    }
    return null;
  } finally {
    stdin.setRawMode?.(false);
    note(io, '\n');
  }
}
