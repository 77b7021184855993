import { readCommandLine, refuseMore } from '../../command-line.ts';
import type { Command } from '../../commands.ts';
import type { CommandIo } from '../../io.ts';
import { HelpRequested, UsageError } from '../../usage.ts';
import { listServers, type McpPlace, showServer } from './show.ts';
import { mcpSpec } from './spec.ts';

/** A verb with the name of a server, and further words only where it takes a command. */
type Verb = (place: McpPlace, name: string, words: readonly string[]) => Promise<number>;

const verbs: Readonly<Record<string, Verb>> = {
  get: showServer,
  add: async (place, name, words) => (await import('./change.ts')).addServer(place, name, words),
  remove: async (place, name) => (await import('./change.ts')).removeServer(place, name),
  test: async (place, name) => (await import('./test.ts')).testServer(place, name),
  login: async (place, name) => (await import('./sign-in.ts')).login(place, name),
  logout: async (place, name) => (await import('./sign-in.ts')).logout(place, name),
};

/** `keel mcp`: the configured servers. */
export const mcpCommand: Command = { spec: mcpSpec, run };

async function run(io: CommandIo, words: readonly string[]): Promise<number> {
  const { values, positionals } = readCommandLine(words, mcpSpec);
  const [verb, name, ...more] = positionals;
  if (verb === undefined) throw new HelpRequested(mcpSpec);
  if (verb === 'trust') {
    const names = positionals.slice(1);
    return (await import('./trust.ts')).trustServers({ io, values }, names);
  }
  if (verb === 'list') {
    if (name !== undefined) throw new UsageError('`keel mcp list` takes no name; use `keel mcp get NAME`');
    return listServers({ io, values });
  }
  const chosen = Object.hasOwn(verbs, verb) ? verbs[verb] : undefined;
  if (chosen === undefined) throw new UsageError(`there is no "mcp ${verb}"`);
  if (name === undefined) throw new UsageError(`which server? keel mcp ${verb} NAME`);
  if (verb !== 'add') refuseMore(more);
  return chosen({ io, values }, name, more);
}
