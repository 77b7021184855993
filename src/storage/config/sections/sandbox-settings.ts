import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { KeelError, type SandboxPolicy } from '../../../foundation/protocol/index.ts';
import { type ProgramSearch, programFault } from '../../../foundation/util/index.ts';
import { type ConfigFile, projectTrust } from '../layers/index.ts';
import type { ConfigFlags } from '../load-options.ts';
import type { SandboxSettings } from '../types.ts';

/** @throws KeelError `invalidConfig` for a writable root that does not exist, or one that the mode can't grant */
export function sandboxPolicy(settings: ConfigFile, { addDirs = [] }: ConfigFlags, cwd: string): SandboxPolicy {
  const mode = settings.sandbox_mode ?? (projectTrust(cwd, settings) === 'trusted' ? 'workspace-write' : 'read-only');
  if (mode !== 'workspace-write') {
    if (addDirs.length > 0 && mode === 'read-only') {
      const dirs = addDirs.join(', ');
      throw new KeelError(
        'invalidConfig',
        `--add-dir ${dirs}: nothing can be written in read-only mode; use --sandbox workspace-write or danger-full-access`,
      );
    }
    return { mode };
  }
  const details = settings.sandbox_workspace_write ?? {};
  const roots = [
    ...(details.writable_roots ?? []).map((root) =>
      existingDirectory(root, cwd, 'sandbox_workspace_write.writable_roots'),
    ),
    ...addDirs.map((root) => existingDirectory(root, cwd, '--add-dir')),
  ];
  return {
    mode,
    ...(roots.length === 0 ? {} : { writable_roots: [...new Set(roots)] }),
    network_access: details.network_access ?? false,
    exclude_tmpdir_env_var: details.exclude_tmpdir_env_var ?? false,
    exclude_slash_tmp: details.exclude_slash_tmp ?? false,
  };
}

/**
 * A command could make what is missing, and would then choose what it is. Symlinks stay in the name: the sandbox resolves it,
 * and has to know of those that commands can change.
 * @throws KeelError `invalidConfig`
 */
function existingDirectory(named: string, cwd: string, setting: string): string {
  const path = resolve(cwd, named);
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return path;
  throw new KeelError('invalidConfig', `${setting}: ${path} is not a directory that exists`);
}

export function sandboxSettings({ sandbox = {}, sandbox_workspace_write: workspace = {} }: ConfigFile, cwd: string) {
  return {
    hidden: (sandbox.hidden_paths ?? []).map((path) => resolve(cwd, path)),
    allowGitCommit: workspace.allow_git_commit ?? false,
    allowUnixSockets: sandbox.allow_unix_sockets ?? false,
    maxProcesses: sandbox.max_processes ?? null,
    maxFileBytes: sandbox.max_file_bytes ?? null,
  } satisfies Omit<SandboxSettings, 'network' | 'bwrapPath'>;
}

/** The configured bubblewrap. One that commands could replace would confine none of them; a missing one is reported when a command is to run. */
export function bubblewrap({ sandbox }: ConfigFile, search: ProgramSearch): string | null {
  const path = sandbox?.bubblewrap;
  if (path === undefined || !existsSync(path)) return path ?? null;
  const fault = programFault(path, search);
  if (fault === null) return path;
  throw new KeelError('invalidConfig', `sandbox.bubblewrap = ${JSON.stringify(path)} can't be used: ${fault}`);
}
