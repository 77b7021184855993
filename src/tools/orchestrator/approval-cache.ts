import type { CommandSpec } from '../../sandbox/index.ts';

/**
 * What the user approved for the whole session. The key says exactly what was approved, with its reach: a yes for a run
 * inside the sandbox is none for a run outside.
 */
export class ApprovalCache {
  readonly #approved = new Set<string>();

  approve(key: string): void {
    this.#approved.add(key);
  }

  isApproved(key: string): boolean {
    return this.#approved.has(key);
  }
}

export function commandKey({ argv, cwd }: CommandSpec, escalated: boolean): string {
  return JSON.stringify({ command: argv, cwd, escalated });
}

export function patchKey(patch: string, cwd: string): string {
  return JSON.stringify({ patch, cwd });
}
