import { realPath } from '../../foundation/util/index.ts';
import type { CommandSpec, Scope } from '../../system/sandbox/index.ts';
import { canonicalCommands } from '../approvals/index.ts';

/**
 * What the user approved for the whole session. The key says exactly what was approved, with its scope: approval for a run
 * inside the sandbox does not cover a run outside.
 */
export class ApprovalCache {
  readonly #approved: Set<string>;
  readonly #onApproved: (keys: readonly string[]) => void;

  /**
   * @param approved what was approved before, where the session continues one
   * @param onApproved called with keys that are approved for the first time
   */
  constructor(approved: readonly string[] = [], onApproved: (keys: readonly string[]) => void = () => undefined) {
    this.#approved = new Set(approved);
    this.#onApproved = onApproved;
  }

  approve(keys: readonly string[]): void {
    const added = keys.filter((key) => !this.#approved.has(key));
    for (const key of added) this.#approved.add(key);
    if (added.length > 0) this.#onApproved(added);
  }

  /** Whether all of them were approved, together or one by one. */
  areApproved(keys: readonly string[]): boolean {
    return keys.every((key) => this.#approved.has(key));
  }
}

/** One key for each pipeline of a line: approval covers the same work however it is spelled, and its parts on their own. */
export function commandKeys({ argv, cwd, env }: CommandSpec, scope: Scope): string[] {
  // Outside the sandbox a command that only reads could read what is hidden.
  const commands = canonicalCommands({ argv, cwd, env, passOverSafe: scope === 'sandboxed' });
  return commands.map((command) => JSON.stringify({ ...command, scope }));
}

/**
 * Approval of a patch covers its files: further patches to the same files need no question. The key has the path where it
 * leads now, so that a link which is redirected afterwards is not approved.
 */
export function fileKeys(paths: readonly string[]): string[] {
  return paths.map((path) => JSON.stringify({ file: realPath(path) }));
}

/** Approval of a call of a server's tool covers its later calls, whatever their arguments. */
export function mcpKey(server: string, tool: string): string {
  return JSON.stringify({ server, tool });
}
