import type { ApprovalPolicy, ReasoningEffort, SandboxMode } from '../../foundation/protocol/index.ts';
import type { Budget, Environment, LocalServerKind } from './types.ts';

/** What the command line says with flags of its own. They win over every file but the administrator's. */
export interface ConfigFlags {
  readonly model?: string;
  readonly effort?: ReasoningEffort;
  readonly profile?: string;
  readonly sandboxMode?: SandboxMode;
  readonly approvalPolicy?: ApprovalPolicy;
  /** The configured server of local models, whatever `model_provider` and `model` say. */
  readonly oss?: boolean;
  /** The same, by name. */
  readonly localProvider?: LocalServerKind;
  readonly addDirs?: readonly string[];
  /** The model is offered the provider's own search of the web. */
  readonly webSearch?: boolean;
  /** Names of tools: no others are offered, or these aren't. `*` matches any text. */
  readonly allowedTools?: readonly string[];
  readonly disallowedTools?: readonly string[];
  /** What one request of the user may take; see `Budget`. */
  readonly budget?: Partial<{ [K in keyof Budget]: number }>;
  /** Added to the instructions. */
  readonly instructions?: string;
  /** Files with MCP servers, absolute. */
  readonly mcpFiles?: readonly string[];
  /** The project of the working directory is trusted for this run. */
  readonly trusted?: boolean;
  /** The user's own `config.toml` is not read. */
  readonly withoutUserFile?: boolean;
}

export interface LoadOptions {
  readonly env: Environment;
  /** Absolute. */
  readonly cwd: string;
  /** `-c key=value`, in order. */
  readonly overrides: readonly string[];
  readonly flags: ConfigFlags;
  /** An unknown key is an error. */
  readonly strict?: boolean;
  /** Counts in place of what is in the user's file: to try a change before it is written. */
  readonly userText?: string;
  /** Where the machine's own layers are; for tests. */
  readonly systemDir?: string;
}
