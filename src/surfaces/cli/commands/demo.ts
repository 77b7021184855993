import { runDemo } from '../../demo/index.ts';
import { readCommandLine, refuseMore } from '../command-line.ts';
import type { CommandSpec } from '../command-spec.ts';
import type { Command } from '../commands.ts';
import type { CommandIo } from '../io.ts';

const spec = {
  usage: ['demo'],
  about: [
    'Watch keel fix a small project. A scripted model, served on this machine over the real wire, finds out why a test suite fails and fixes the bug in a temporary folder. Needs no key and no network.',
  ],
  options: {},
} as const satisfies CommandSpec;

/** `keel demo`. */
export const demoCommand: Command = { spec, run: demo };

async function demo(io: CommandIo, words: readonly string[]): Promise<number> {
  refuseMore(readCommandLine(words, spec).positionals);
  return runDemo(io);
}
