import type { ApprovalPolicy, SandboxMode } from '../../foundation/protocol/index.ts';
import type { Environment, LocalServerKind } from './types.ts';

/** What the command line says with flags of its own. They win over every file. */
export interface ConfigFlags {
  readonly model?: string;
  readonly profile?: string;
  readonly sandboxMode?: SandboxMode;
  readonly approvalPolicy?: ApprovalPolicy;
  /** The configured server of local models, whatever `model_provider` and `model` say. */
  readonly oss?: boolean;
  /** The same, by name. */
  readonly localProvider?: LocalServerKind;
  readonly addDirs?: readonly string[];
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
  /** Where the machine's own layers are; for tests. */
  readonly systemDir?: string;
}
