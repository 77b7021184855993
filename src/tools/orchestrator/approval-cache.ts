import { realPath } from '../../foundation/util/index.ts';
import type { CommandSpec, Scope } from '../../system/sandbox/index.ts';
import { canonicalCommands } from '../approvals/index.ts';

/**
 * What the user approved for the whole session. The key says exactly what was approved, with its scope: a yes for a run
 * inside the sandbox is none for a run outside.
 */
export class ApprovalCache {
  readonly #approved = new Set<string>();

  approve(keys: readonly string[]): void {
    for (const key of keys) this.#approved.add(key);
  }

  /** Every one of them was approved, at one time or another. */
  areApproved(keys: readonly string[]): boolean {
    return keys.every((key) => this.#approved.has(key));
  }
}

/** One for each pipeline of a line: a yes covers the same work however it is spelled, and parts of it on their own. */
export function commandKeys({ argv, cwd, env }: CommandSpec, scope: Scope): string[] {
  // Outside the sandbox a command that only reads could read what is hidden.
  const commands = canonicalCommands({ argv, cwd, env, passOverSafe: scope === 'sandboxed' });
  return commands.map((command) => JSON.stringify({ ...command, scope }));
}

/**
 * A yes to a patch covers its files: further patches to the same ones are not asked about. A path stands for where it
 * leads now, so that a link that is turned elsewhere afterwards has no leave.
 */
export function fileKeys(paths: readonly string[]): string[] {
  return paths.map((path) => JSON.stringify({ file: realPath(path) }));
}

/** A yes to a call of a server's tool covers its later calls, whatever their arguments. */
export function mcpKey(server: string, tool: string): string {
  return JSON.stringify({ server, tool });
}
