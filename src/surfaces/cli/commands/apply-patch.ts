import { applyPatchMain } from '../../../tools/patch/index.ts';
import { readCommandLine } from '../command-line.ts';
import type { CommandSpec } from '../command-spec.ts';
import type { Command } from '../commands.ts';
import { type CommandIo, readInput } from '../io.ts';
import { note, say } from '../output.ts';

const spec = {
  usage: ['apply-patch [PATCH]'],
  about: [
    'Apply a patch in the format of the agent to the files below the working directory, with your own rights. Without PATCH it is read from standard input.',
  ],
  options: {},
} as const satisfies CommandSpec;

export const applyPatchCommand: Command = { spec, run: applyPatch };

/** `keel apply-patch [PATCH]`: the agent's patch engine for a person or a script; without an argument it reads stdin. */
async function applyPatch(io: CommandIo, words: readonly string[]): Promise<number> {
  const result = await applyPatchMain(readCommandLine(words, spec).positionals, () => readInput(io), io.cwd);
  say(io, result.stdout);
  note(io, result.stderr);
  return result.exitCode;
}
