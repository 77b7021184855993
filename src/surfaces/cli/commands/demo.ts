import { runDemo } from '../../demo/index.ts';
import type { CommandIo } from '../io.ts';
import { HelpRequested, UsageError } from '../usage.ts';

const help = `Usage: keel demo

Shows keel at work without a key or a network: a scripted stand-in for a model, served on this machine over the real wire,
mends a small project with a failing test suite in a temporary folder.
`;

/** `keel demo`. */
export function demoCommand(io: CommandIo, words: readonly string[]): Promise<number> {
  if (words.includes('--help') || words.includes('-h')) throw new HelpRequested(help);
  if (words.length > 0) throw new UsageError('the demo takes no arguments');
  return runDemo(io);
}
