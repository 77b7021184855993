import type { ThreadOrigin } from '../../engine/threads/index.ts';
import type { ReviewTarget } from '../../foundation/protocol/index.ts';
import type { Config } from '../../storage/config/index.ts';
import type { ProgramPrinter } from './printer.ts';

export interface ExecOptions {
  readonly config: Config;
  readonly origin: ThreadOrigin;
  readonly version: string;
  /** Null: no new request, only continue a turn that a crash cut off. */
  readonly prompt: string | null;
  /** Replaces the prompt. */
  readonly review?: ReviewTarget;
  /** Turns that are taken out of the conversation before the prompt is sent; null: none. */
  readonly rollback: number | null;
  readonly images: readonly string[];
  readonly outputSchema: unknown;
  /** Prints the run to stdout for a program; null: stderr shows progress, stdout the final message. */
  readonly program: ProgramPrinter | null;
  readonly color: boolean;
  readonly skipGitRepoCheck: boolean;
  readonly ephemeral: boolean;
  /** Receives the last message of the agent. */
  readonly lastMessageFile: string | null;
  readonly originator: string;
}
