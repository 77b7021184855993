import { SandboxMode } from '../../../../foundation/protocol/index.ts';
import type { readCommandLine } from '../../command-line.ts';
import type { CommandSpec } from '../../command-spec.ts';

/** What is known of `keel mcp` before it runs. */
export const mcpSpec = {
  usage: [
    'mcp list [--json]',
    'mcp get NAME [--json]',
    'mcp add NAME [options] -- COMMAND...',
    'mcp add NAME [options] --url URL',
    'mcp remove NAME [--scope project]',
    'mcp trust [NAME...] [--all]',
    'mcp test NAME [--json]',
    'mcp login NAME [options]',
    'mcp logout NAME',
  ],
  about: [
    "Show, add, remove and test MCP servers. They are tables [mcp_servers.NAME] in your config.toml, or in a project's .keel/config.toml; see docs/mcp.md for their other keys.",
    'A server of a project starts once you trust the project and have accepted the server as it is; one that changes is accepted again.',
    'Values of variables and headers, and secrets in arguments and addresses, are masked unless --show-secrets is given.',
  ],
  verbs: {
    list: 'list the configured servers; starts none',
    get: 'show one of them; starts none',
    add: 'write a server into config.toml, in the place of the one of that name',
    remove: 'remove a server from config.toml',
    trust: "accept servers of this project's configuration; without a name, show what there is to accept",
    test: 'start or reach a server as a session would, and list its tools or say what is wrong',
    login: 'sign in to a server over HTTP with your browser (OAuth)',
    logout: 'forget the sign-in to a server',
  },
  headings: { url: 'With add:', json: 'With the others:' },
  options: {
    scope: {
      ...{ type: 'string', value: 'SCOPE', choices: ['user', 'project'] },
      about: 'whose configuration: yours, or that of the project that you trust; default: user',
    },
    url: { type: 'string', value: 'URL', about: 'reach it there (streamable HTTP) instead of starting a command' },
    'bearer-token-env-var': { type: 'string', value: 'VAR', about: 'with --url: the variable with its token' },
    header: {
      ...{ type: 'string', multiple: true, value: 'NAME: VALUE' },
      about: 'with --url: a header; its value can be a variable, written as in a shell with braces; repeatable',
    },
    env: {
      ...{ type: 'string', multiple: true, value: 'NAME[=VALUE]' },
      about: "a variable of the command; without a value keel's own is passed on; repeatable",
    },
    sandbox: {
      ...{ type: 'string', short: 's', value: 'MODE', choices: ['session', ...SandboxMode.options] },
      about: "how the command is confined; default: session, as the agent's commands are",
    },
    network: { type: 'boolean', about: 'the command may use the network' },
    scopes: { type: 'string', value: 'A,B', about: 'with login: ask for these instead of what the server names' },
    'device-code': {
      type: 'boolean',
      about: 'with login: enter a code in a browser on another machine; also used where no browser can be opened',
    },
    'no-browser': { type: 'boolean', about: 'with login: print the address only' },
    all: { type: 'boolean', about: 'with trust: all servers of this project' },
    json: { type: 'boolean', about: 'print JSON' },
    'show-secrets': { type: 'boolean', about: 'mask nothing' },
    config: { type: 'string', short: 'c', multiple: true, value: 'KEY=VALUE', about: 'override a setting; repeatable' },
  },
} as const satisfies CommandSpec;

export type McpValues = ReturnType<typeof readCommandLine<typeof mcpSpec.options>>['values'];
