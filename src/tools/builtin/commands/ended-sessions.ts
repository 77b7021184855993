import { cutBytesEnd } from '../../../foundation/util/index.ts';
import type { EndedSession } from '../../../system/process/index.ts';

/** Limits of one announcement. */
const MAX_COMMAND_BYTES = 120;
const MAX_LINES = 3;
const MAX_LINE_BYTES = 160;

/** What a background session that ended by itself is announced with, on one line: nothing that it printed can look like keel's own. */
export function endedSessionText({ id, command, exitCode, session }: EndedSession): string {
  const lines = session
    .transcript()
    .split('\n')
    .map(plain)
    .filter((line) => line !== '');
  const last = lines.slice(-MAX_LINES).map((line) => cutBytesEnd(line, MAX_LINE_BYTES));
  const said = last.length === 0 ? 'It printed nothing.' : `Its last lines: ${last.join(' | ')}`;
  const what = cutBytesEnd(plain(command), MAX_COMMAND_BYTES);
  return `Session ${id} (${what}) has ended with exit code ${exitCode}. ${said}`;
}

function plain(text: string): string {
  return text.replaceAll(/[\p{C}\u2028\u2029]/gu, ' ').trim();
}
