import type { Readable, Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { CLIENT_CAPABILITIES_META_KEY, McpServer, type ServerContext } from '@modelcontextprotocol/server';
import { StdioServerTransport, serveStdio } from '@modelcontextprotocol/server/stdio';
import { printable } from '../../foundation/util/index.ts';
import { Calls, type CallsOptions } from './calls.ts';
import { MAX_MESSAGE_BYTES, messageLines } from './message-lines.ts';
import { NewThread, Reply, ThreadResult } from './tool-forms.ts';

export interface McpServerOptions extends CallsOptions {
  readonly version: string;
  readonly stdin: Readable;
  readonly stdout: Writable;
  /** For people: what went wrong with a message. */
  readonly log: (line: string) => void;
  /** Ends the server and everything that it runs. */
  readonly stop: AbortSignal;
  /** Called once with a function that ends every child process at once, for a process that is about to exit. */
  readonly onExit: (kill: () => void) => void;
}

/** A person answers when they are back at their desk. */
const ANSWER_LIMIT_MS = 24 * 3_600_000;
const MAX_QUESTIONS = 10_000;

/**
 * Serves keel to an MCP client on standard input and output: the tool `keel` runs a request in a new thread, `keel-reply` continues
 * one. What needs approval is asked by elicitation, where the client can. Resolves when the input has ended or `stop` aborts; nothing
 * that a call started runs then.
 */
export async function runMcpServer(options: McpServerOptions): Promise<void> {
  const { stdin, stdout, stop, log } = options;
  await using calls = new Calls(options);
  options.onExit(() => calls.killProcesses());
  // However the input ends, a client that is gone wants no result.
  const ended = finished(stdin, { signal: stop, writable: false }).catch(() => undefined);
  const handle = serveStdio(() => server(calls, options.version), {
    transport: new StdioServerTransport(messageLines(stdin, stdout), stdout, { maxBufferSize: MAX_MESSAGE_BYTES + 1 }),
    onerror: (error) => log(`keel mcp-server: ${printable(error.message)}\n`),
  });
  await ended;
  await handle.close();
}

function server(calls: Calls, version: string): McpServer {
  const server = new McpServer(
    { name: 'keel', title: 'keel, a coding agent', version },
    { inputRequired: { maxRounds: MAX_QUESTIONS, roundTimeoutMs: ANSWER_LIMIT_MS } },
  );
  // Newer clients say with each request what they can do, older ones once.
  const canAsk = ({ mcpReq }: ServerContext) => {
    const said: Readonly<Record<string, unknown>> = mcpReq.envelope ?? {};
    const capabilities = said[CLIENT_CAPABILITIES_META_KEY] ?? server.server.getClientCapabilities();
    return hasForms(capabilities);
  };
  server.registerTool(
    'keel',
    {
      title: 'Run keel',
      description:
        'Have the coding agent keel work on a request until it is done: it reads the code, runs commands and edits files.',
      inputSchema: NewThread,
      outputSchema: ThreadResult,
    },
    (args, ctx) => calls.run(ctx, () => calls.begin(args, canAsk(ctx))),
  );
  server.registerTool(
    'keel-reply',
    {
      title: 'Reply to keel',
      description: 'Continue a conversation with keel.',
      inputSchema: Reply,
      outputSchema: ThreadResult,
    },
    (args, ctx) => calls.run(ctx, () => calls.reply(args, canAsk(ctx))),
  );
  return server;
}

/** Whether a client shows forms: an empty capability says that too, one that only names other ways to ask does not. */
export function hasForms(capabilities: unknown): boolean {
  const elicitation = partOf(capabilities, 'elicitation');
  return elicitation !== null && (Object.keys(elicitation).length === 0 || partOf(elicitation, 'form') !== null);
}

function partOf(whole: unknown, name: string): object | null {
  const part: unknown = typeof whole === 'object' && whole !== null ? new Map(Object.entries(whole)).get(name) : null;
  return typeof part === 'object' ? part : null;
}
