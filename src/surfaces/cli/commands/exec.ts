import type { CommandIo } from '../io.ts';
import { parseExecArguments } from './exec-arguments.ts';
import { runWith } from './run-with.ts';

/** `keel exec`: one request worked to its end; `exec review` is the same as `keel review`. */
export async function execCommand(io: CommandIo, words: readonly string[]): Promise<number> {
  if (words[0] === 'review') return (await import('./review.ts')).reviewCommand(io, words.slice(1));
  return runWith(io, parseExecArguments(words), null);
}
