import type { ServerStatus } from '../../../models/mcp/index.ts';
import type { RunningSession } from '../../../system/process/index.ts';

/** A part of a request. `context`: what keel says in it besides, such as AGENTS.md, skills and the surroundings. */
export type ContextKind =
  | 'instructions'
  | 'tools'
  | 'mcpTools'
  | 'context'
  | 'userMessages'
  | 'answers'
  | 'reasoning'
  | 'calls'
  | 'outputs';

export interface ContextPart {
  readonly kind: ContextKind;
  /** As JSON, which is how it is sent. */
  readonly bytes: number;
  /** An estimate. */
  readonly tokens: number;
}

/** What fills the window: the parts of the next request, in its order, without those that are empty. */
export interface ContextReport {
  readonly type: 'context';
  readonly parts: readonly ContextPart[];
  /** The provider's count at the last response, with an estimate of what was added since. */
  readonly countedTokens: number;
  /** The usable part of the model's window; null: not known. */
  readonly window: number | null;
}

/** A configured MCP server, with the names of the tools that it lists. `off`: the configuration says so. */
export interface ServerReport {
  readonly name: string;
  readonly status: ServerStatus | { readonly type: 'off' };
  readonly tools: readonly string[];
}

/** What a session says about itself when it is asked. */
export type SessionReport =
  | ContextReport
  | { readonly type: 'mcpServers'; readonly servers: readonly ServerReport[] }
  /** Commands that outlive the call that started them. */
  | { readonly type: 'commands'; readonly commands: readonly RunningSession[] };
