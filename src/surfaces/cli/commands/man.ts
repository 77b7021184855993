import { readCommandLine, refuseMore } from '../command-line.ts';
import type { CommandSpec } from '../command-spec.ts';
import type { Command, Program } from '../commands.ts';
import type { CommandIo } from '../io.ts';
import { manPage } from '../man-page.ts';
import { data } from '../output.ts';

const spec = {
  usage: ['man'],
  about: ['Print the manual page, for man(1) to show or to keep: keel man | man -l -'],
  options: {},
} as const satisfies CommandSpec;

export const manCommand: Command = { spec, run: man };

async function man(io: CommandIo, words: readonly string[], program: Program): Promise<number> {
  refuseMore(readCommandLine(words, spec).positionals);
  data(io, await manPage(program));
  return 0;
}
