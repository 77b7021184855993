import { ApprovalPolicy, KeelError, type ReasoningEffort, SandboxMode } from '../../../foundation/protocol/index.ts';
import { isTable, type Layer, originOf, type Table, valueAt } from './layer.ts';

const ROOTS = ['sandbox_workspace_write', 'writable_roots'] as const;

/** The settings of a thread that the administrator's file fixes; absent: it does not. */
export interface ManagedSettings {
  readonly model?: string;
  readonly effort?: ReasoningEffort;
  readonly approvalPolicy?: ApprovalPolicy;
  readonly sandboxMode?: SandboxMode;
  readonly networkAccess?: boolean;
}

/**
 * Refuses flags that the administrator's file contradicts: a run must not look as if they counted.
 * @throws KeelError `invalidConfig`
 */
export function refuseOverruled(flags: Layer, managed: Layer): void {
  const [path] = overruled(flags.table, managed.table);
  if (path === undefined) return;
  const [asked, set] = [flags, managed].map(({ table }) => JSON.stringify(valueAt(table, path)));
  throw new KeelError(
    'invalidConfig',
    `${path.join('.')} = ${asked} was asked for on the command line, but ${originOf([managed], path)} sets ${set} for this machine: leave the option out`,
  );
}

/** A warning for each value of a layer that the administrator's file replaces. */
export function overruledWarnings(layer: Layer, managed: Layer): string[] {
  return overruled(layer.table, managed.table).map(
    (path) => `${layer.name}: ${path.join('.')} has no effect: ${originOf([managed], path)} sets it for this machine`,
  );
}

/** The paths of values that another table replaces by something else. */
function overruled(table: Table, by: Table, path: readonly string[] = []): (readonly string[])[] {
  return Object.entries(table).flatMap(([key, value]) => {
    const other = by[key];
    const here = [...path, key];
    if (other === undefined) return [];
    if (isTable(value) && isTable(other)) return overruled(value, other, here);
    return JSON.stringify(value) === JSON.stringify(other) ? [] : [here];
  });
}

/**
 * What the administrator's file fixes of what a session can change. It is checked already.
 * @throws KeelError `invalidConfig` for directories of the command line where the file lists those that may be written
 */
export function managedSettings(managed: Layer | null, addDirs: readonly string[]): ManagedSettings {
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
