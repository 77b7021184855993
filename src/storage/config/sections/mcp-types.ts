import type { SandboxMode } from '../../../foundation/protocol/index.ts';
import type { ServerDefinition } from '../layers/index.ts';

/** Whether calls of a server's tools are asked about: by what the tool says of itself, always, or never. */
export type McpApprovalMode = 'auto' | 'prompt' | 'approve';

/** A server that keel starts and talks to over its input and output. */
export interface McpStdioServer {
  readonly type: 'stdio';
  /** Looked up in PATH if it has no slash. */
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Variables of keel's own environment that it gets as well. */
  readonly envVars: readonly string[];
  /** Absolute. */
  readonly cwd: string;
  /** How it is confined: like the session's commands, or in a mode of its own. */
  readonly sandbox: 'session' | SandboxMode;
  /** Null: as that mode has it. */
  readonly networkAccess: boolean | null;
  /** What of a server that the project defines has to be as the user accepted it at every start. Absent: it is the user's own. */
  readonly definition?: ServerDefinition;
}

/** A server that is reached by streamable HTTP. */
export interface McpHttpServer {
  readonly type: 'streamableHttp';
  readonly url: string;
  readonly bearerTokenEnvVar: string | null;
  readonly httpHeaders: Readonly<Record<string, string>>;
  /** Header name to the variable its value comes from. */
  readonly envHttpHeaders: Readonly<Record<string, string>>;
  readonly oauth: McpOAuthSettings;
}

/** How the user signs in to a server, where its own words don't say enough. */
export interface McpOAuthSettings {
  /** Id of a client that is registered already; null: keel registers itself. */
  readonly clientId: string | null;
  readonly clientSecretEnvVar: string | null;
  /** What to ask for; null: what the server names. */
  readonly scopes: readonly string[] | null;
  /** Where the browser comes back to on this machine; null: any that is free. */
  readonly callbackPort: number | null;
}

/** An MCP server, whose tools the model may call. */
export interface McpServer {
  readonly name: string;
  readonly enabled: boolean;
  readonly transport: McpStdioServer | McpHttpServer;
  readonly startupTimeoutMs: number;
  readonly toolTimeoutMs: number;
  /** Null: all of them. */
  readonly enabledTools: readonly string[] | null;
  readonly disabledTools: readonly string[];
  /** Whether the model gets the server's own instructions. */
  readonly tellsInstructions: boolean;
  readonly approval: McpApprovalMode;
  /** For single tools, by their name at the server. */
  readonly toolApprovals: Readonly<Record<string, McpApprovalMode>>;
}
