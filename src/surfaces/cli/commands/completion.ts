import { readCommandLine, refuseMore } from '../command-line.ts';
import type { CommandSpec } from '../command-spec.ts';
import type { Command, Program } from '../commands.ts';
import { bashScript } from '../completion/bash.ts';
import { fishScript } from '../completion/fish.ts';
import { type KnownCommand, knownCommands } from '../completion/known-words.ts';
import { zshScript } from '../completion/zsh.ts';
import type { CommandIo } from '../io.ts';
import { data } from '../output.ts';
import { UsageError } from '../usage.ts';

const SHELLS: ReadonlyMap<string, (all: readonly KnownCommand[]) => string> = new Map([
  ['bash', bashScript],
  ['zsh', zshScript],
  ['fish', fishScript],
]);

const spec = {
  usage: ['completion bash|zsh|fish'],
  about: ['Print a script with which a shell completes commands, options and their values.'],
  verbs: {
    bash: 'in ~/.bashrc: source <(keel completion bash)',
    zsh: 'in ~/.zshrc, after compinit: source <(keel completion zsh)',
    fish: 'in ~/.config/fish/config.fish: keel completion fish | source',
  },
  options: {},
} as const satisfies CommandSpec;

export const completionCommand: Command = { spec, run: completion };

async function completion(io: CommandIo, words: readonly string[], program: Program): Promise<number> {
  const [shell = '', ...more] = readCommandLine(words, spec).positionals;
  const script = SHELLS.get(shell);
  if (script === undefined) throw new UsageError(`which shell? keel completion ${[...SHELLS.keys()].join('|')}`);
  refuseMore(more);
  data(io, script(await knownCommands(program)));
  return 0;
}
