import { version } from '../../../foundation/util/index.ts';
import { runAcp } from '../../acp/index.ts';
import { readCommandLine, refuseMore } from '../command-line.ts';
import type { CommandSpec } from '../command-spec.ts';
import type { Command } from '../commands.ts';
import { stopSignal } from '../stop-signal.ts';

const spec = {
  usage: ['acp [options]'],
  about: [
    'Serve keel as an agent to an editor, by the Agent Client Protocol on standard input and output. See docs/acp.md.',
  ],
  options: {
    config: { type: 'string', short: 'c', multiple: true, value: 'KEY=VALUE', about: 'override a setting; repeatable' },
    login: { type: 'boolean', about: 'store an API key as keel login does, and end; editors start it so' },
  },
} as const satisfies CommandSpec;

/** `keel acp`: ends with its input. */
export const acpCommand: Command = {
  spec,
  async run(io, words, program) {
    const { values, positionals } = readCommandLine(words, spec);
    refuseMore(positionals);
    if (values.login) return (await (await program.commands['login']?.load())?.run(io, [], program)) ?? 1;
    using stop = stopSignal(io);
    await runAcp({
      env: io.env,
      cwd: io.cwd,
      overrides: values.config ?? [],
      version,
      stdin: io.stdin,
      stdout: io.stdout,
      stop: stop.signal,
      onExit: (kill) => stop.onExit(kill),
    });
    return stop.signal.aborted ? Number(stop.signal.reason) || 1 : 0;
  },
};
