import { type CommandSpec, realPath, type Scope } from '../../sandbox/index.ts';

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

export function commandKey({ argv, cwd }: CommandSpec, scope: Scope): string {
  return JSON.stringify({ command: argv, cwd, scope });
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
