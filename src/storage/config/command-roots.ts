import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Config } from './types.ts';

/**
 * Directories in which commands of this configuration may write, or could in another run: the working directory with the
 * repository around it and the configured roots, also where this run is read-only. Those for temporary files are not listed.
 * Nothing that keel itself executes may come from them.
 */
export function commandRoots({ cwd, sandboxPolicy }: Pick<Config, 'cwd' | 'sandboxPolicy'>): readonly string[] {
  const configured = sandboxPolicy.mode === 'workspace-write' ? (sandboxPolicy.writable_roots ?? []) : [];
  return [...new Set([cwd, repositoryRoot(cwd), ...configured])];
}

function repositoryRoot(cwd: string): string {
  for (let dir = cwd; dir !== dirname(dir); dir = dirname(dir)) if (existsSync(join(dir, '.git'))) return dir;
  return cwd;
}
