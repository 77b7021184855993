import type { Readable, Writable } from 'node:stream';
import { onAbort } from '../../foundation/util/index.ts';
import { type AgentOptions, keelAgent } from './agent.ts';
import { messageStream } from './message-stream.ts';
import { OpenSessions } from './session/open-sessions.ts';

export interface AcpOptions extends AgentOptions {
  readonly stdin: Readable;
  readonly stdout: Writable;
  /** Ends the agent and everything that it runs. */
  readonly stop: AbortSignal;
  /** Called once with a function that ends every child process at once, for a process that is about to exit. */
  readonly onExit: (kill: () => void) => void;
}

/**
 * Serves keel to a client of the Agent Client Protocol, such as an editor, on standard input and output. Resolves when the input
 * has ended or `stop` aborts; nothing that a session started runs then.
 */
export async function runAcp(options: AcpOptions): Promise<void> {
  const { stdin, stdout, stop } = options;
  await using sessions = new OpenSessions(options);
  options.onExit(() => sessions.killProcesses());
  const stream = messageStream(stdin, stdout);
  const connection = keelAgent(options, sessions, stream).connect(stream);
  using _stop = onAbort(stop, () => connection.close());
  await connection.closed;
  stdin.destroy();
}
