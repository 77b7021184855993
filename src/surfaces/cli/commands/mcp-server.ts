import { version } from '../../../foundation/util/index.ts';
import { runMcpServer } from '../../mcp-server/index.ts';
import { readCommandLine, refuseMore } from '../command-line.ts';
import type { CommandSpec } from '../command-spec.ts';
import type { Command } from '../commands.ts';
import { note } from '../output.ts';
import { stopSignal } from '../stop-signal.ts';

const spec = {
  usage: ['mcp-server [options]'],
  about: [
    'Serve keel as an MCP server on standard input and output, for clients that start it: the tools keel and keel-reply. See docs/mcp-server.md.',
  ],
  options: {
    config: { type: 'string', short: 'c', multiple: true, value: 'KEY=VALUE', about: 'override a setting; repeatable' },
  },
} as const satisfies CommandSpec;

/** `keel mcp-server`: ends with its input. */
export const mcpServerCommand: Command = {
  spec,
  async run(io, words) {
    const { values, positionals } = readCommandLine(words, spec);
    refuseMore(positionals);
    using stop = stopSignal(io);
    await runMcpServer({
      env: io.env,
      cwd: io.cwd,
      overrides: values.config ?? [],
      version,
      stdin: io.stdin,
      stdout: io.stdout,
      log: (line) => note(io, line),
      stop: stop.signal,
      onExit: (kill) => stop.onExit(kill),
    });
    return stop.signal.aborted ? Number(stop.signal.reason) || 1 : 0;
  },
};
