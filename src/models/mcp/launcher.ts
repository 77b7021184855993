import type { Readable, Writable } from 'node:stream';
import type { McpStdioServer } from '../../storage/config/index.ts';

/** A server that runs and is talked to over its input and output. */
export interface ServerProcess {
  readonly input: Writable;
  readonly output: Readable;
  readonly errors: Readable;
  /** Resolves with how it ended, in a few words. Never rejects. */
  readonly ended: Promise<string>;
  /** Ends it and all it started. Harmless when it has ended. */
  end(): Promise<void>;
}

export interface LaunchRequest {
  readonly name: string;
  readonly server: McpStdioServer;
  /** The whole environment. */
  readonly env: Readonly<Record<string, string>>;
}

/** Starts servers, confined as the session's settings say. The owner of the connections implements it. */
export interface ServerLauncher {
  /** @throws Error with a message for the user if it can't be started or confined */
  launch(request: LaunchRequest, signal: AbortSignal): Promise<ServerProcess>;
  /** Whether a server has the whole network as the session's settings are now. */
  hasNetwork(server: McpStdioServer): boolean;
}
