import { ApprovalPolicy, KeelError, SandboxMode } from '../../foundation/protocol/index.ts';
import { type Layer, originOf, valueAt } from './layers/index.ts';
import type { ConfigFlags } from './load-options.ts';
import type { ManagedSettings } from './types.ts';

const ROOTS = ['sandbox_workspace_write', 'writable_roots'] as const;

/**
 * What the administrator's file fixes of what a session can change. It is checked already.
 * @throws KeelError `invalidConfig` for directories of the command line where the file lists those that may be written
 */
export function managedSettings(
  managed: Layer | null,
  { addDirs = [] }: Pick<ConfigFlags, 'addDirs'>,
): ManagedSettings {
  if (managed === null) return {};
  const at = (...path: string[]) => valueAt(managed.table, path);
  if (addDirs.length > 0 && at(...ROOTS) !== undefined) {
    throw new KeelError(
      'invalidConfig',
      `--add-dir ${addDirs.join(', ')}: ${originOf([managed], ROOTS)} says for this machine which directories are writable`,
    );
  }
  const [model, effort] = [at('model'), at('model_reasoning_effort')];
  const approvalPolicy = ApprovalPolicy.safeParse(at('approval_policy')).data;
  const sandboxMode = SandboxMode.safeParse(at('sandbox_mode')).data;
  const networkAccess = at('sandbox_workspace_write', 'network_access');
  return {
    ...(typeof model === 'string' ? { model } : {}),
    ...(typeof effort === 'string' ? { effort } : {}),
    ...(approvalPolicy === undefined ? {} : { approvalPolicy }),
    ...(sandboxMode === undefined ? {} : { sandboxMode }),
    ...(typeof networkAccess === 'boolean' ? { networkAccess } : {}),
  };
}
