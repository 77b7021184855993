import { runDemo } from '../../demo/index.ts';
import type { CommandIo } from '../io.ts';
import { HelpRequested, UsageError } from '../usage.ts';

const help = `Usage: keel demo

Watch keel fix a small project. A scripted model, served on this machine over the real wire, finds out why a test suite fails and
fixes the bug in a temporary folder. Needs no key and no network.
`;

/** `keel demo`. */
export function demoCommand(io: CommandIo, words: readonly string[]): Promise<number> {
  if (words.includes('--help') || words.includes('-h')) throw new HelpRequested(help);
  if (words.length > 0) throw new UsageError('the demo takes no arguments');
  return runDemo(io);
}
