import { type CommandState, commandResultLines } from '../../../foundation/protocol/index.ts';
import { cutBytesEnd, onAbort } from '../../../foundation/util/index.ts';
import type { ExecSession, SessionNews } from '../../../system/process/index.ts';
import { abortedNote, showOutput, type ToolContext, type ToolOutput } from '../../contract/index.ts';

/** Silence after an unfinished line from which a program on a terminal is probably asking something, milliseconds. */
const ASKING_SILENCE_MS = 150;
const MAX_QUOTED_BYTES = 200;

/** How long to wait for the program's end, and for what else. */
export interface Wait {
  readonly ms: number;
  /** If set, the wait also ends when the program printed something and was then silent for this long, milliseconds. */
  readonly silenceMs?: number;
}

/** Waits until the program ends, the time is over, the program is silent after output, or the signal aborts. */
export async function waitFor(session: ExecSession, { ms, silenceMs }: Wait, signal: AbortSignal): Promise<void> {
  if (signal.aborted || session.exitCode !== null) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  using _listener = onAbort(signal, resolve);
  void session.exited.then(() => resolve());
  const look = () => session.hasNews && session.silentMs >= (silenceMs ?? 0) && resolve();
  const looking = silenceMs === undefined ? undefined : setInterval(look, Math.ceil(silenceMs / 4));
  try {
    await promise;
  } finally {
    clearTimeout(timer);
    clearInterval(looking);
  }
}

export interface News {
  readonly session: ExecSession;
  /** The id under which it continues; null when it has ended. */
  readonly id: number | null;
  readonly news: SessionNews;
  readonly notes: readonly string[];
  readonly aborted: boolean;
}

/** The result of a look at a session: its state, the time it took, and what it printed since the last look. */
export function wordNews({ session, id, news, notes, aborted }: News, { turn }: ToolContext): ToolOutput {
  const own = [...notes];
  if (aborted) own.push(abortedNote(session.durationMs));
  else if (id !== null) own.unshift(...askingNote(session, news, turn.noteMark));
  const seconds = (session.durationMs / 1_000).toFixed(1);
  const state: CommandState =
    id === null ? { type: 'ended', exitCode: session.exitCode ?? -1 } : { type: 'running', sessionId: id };
  return {
    body: commandResultLines({ state, seconds, output: showOutput(news, { last: own }, turn.noteMark) }),
    success: !aborted && (id !== null || session.exitCode === 0),
  };
}

/** Guesses that the program asks something: its output on a terminal ends with an unfinished line that looks like a question. */
function askingNote(session: ExecSession, { output }: SessionNews, mark: string): string[] {
  if (!session.isTerminal || !session.isInLine || session.silentMs < ASKING_SILENCE_MS) return [];
  const line = output.slice(output.lastIndexOf('\n') + 1).replaceAll(/[\u0000-\u001f\u007f]/g, '');
  if (!/[?:>)\]]\s*$/.test(line)) return [];
  const shown = cutBytesEnd(line.trim(), MAX_QUOTED_BYTES);
  return [`${mark} The program seems to wait for input. Its last line: ${shown}. Answer with write_stdin, or end it.`];
}
