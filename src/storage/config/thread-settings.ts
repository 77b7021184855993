import { existsSync, statSync } from 'node:fs';
import { KeelError, type SandboxPolicy, type TurnContextRecord } from '../../foundation/protocol/index.ts';
import { programFault } from '../../foundation/util/index.ts';
import { type Layer, valueAt } from './layers/index.ts';
import type { ConfigFlags } from './load-options.ts';
import { ownPlaceWarnings, programSearch } from './programs.ts';
import type { Config, ThreadSetting } from './types.ts';

/** The keys that decide about each of them. */
const KEYS: Readonly<Record<ThreadSetting, readonly string[]>> = {
  model: ['model', 'model_provider'],
  effort: ['model_reasoning_effort'],
  approvalPolicy: ['approval_policy'],
  sandboxPolicy: ['sandbox_mode', 'sandbox_workspace_write'],
};
const SETTINGS: readonly ThreadSetting[] = ['model', 'effort', 'approvalPolicy', 'sandboxPolicy'];

/** @param insistent the layers that a thread's own settings give way to */
export function chosenSettings(
  flags: Pick<ConfigFlags, 'addDirs'>,
  insistent: readonly Layer[],
): readonly ThreadSetting[] {
  const isSet = (key: string) => insistent.some(({ table }) => valueAt(table, [key]) !== undefined);
  return SETTINGS.filter(
    (setting) => KEYS[setting].some(isSet) || (setting === 'sandboxPolicy' && flags.addDirs !== undefined),
  );
}

/** What a thread's record says of its newest turn. */
export interface RecordedSettings {
  readonly context: TurnContextRecord;
  /** The provider's id. */
  readonly provider: string;
}

export interface KeptSettings {
  readonly config: Config;
  /** For people: what is different from the thread's newest turn, a sentence each. */
  readonly changes: readonly string[];
}

/**
 * The configuration with what the thread itself was given, where nothing was chosen for this run. Rights were given for one
 * directory: in another one the thread has those that are configured there.
 * @throws KeelError `invalidConfig` if commands of the thread could replace the configured bubblewrap
 */
export function withThreadSettings(config: Config, { context, provider }: RecordedSettings): KeptSettings {
  const keeps = (setting: ThreadSetting) => !config.chosen.includes(setting);
  const isSamePlace = context.cwd === config.cwd;
  // A local server was asked for the configured model already.
  const keepsModel = keeps('model') && provider === config.provider.id && config.provider.local === undefined;
  const model = keepsModel ? context.model : config.model;
  const keepsEffort = keeps('effort') && model === context.model && context.effort !== undefined;
  // Where nobody could answer, the policy was nobody's choice.
  const keepsApproval = keeps('approvalPolicy') && isSamePlace && context.can_ask !== false;
  const sandboxPolicy =
    keeps('sandboxPolicy') && isSamePlace ? withExistingRoots(context.sandbox_policy) : config.sandboxPolicy;
  const kept: Config = {
    ...config,
    model,
    effort: keepsEffort ? (context.effort ?? null) : config.effort,
    approvalPolicy: keepsApproval ? context.approval_policy : config.approvalPolicy,
    sandboxPolicy,
  };
  return { config: withWarnings(kept, config), changes: changesFrom(context, kept) };
}

/** A root that is missing could be made by a command, which would then choose what it is. */
function withExistingRoots(policy: SandboxPolicy): SandboxPolicy {
  if (policy.mode !== 'workspace-write' || policy.writable_roots === undefined) return policy;
  const { writable_roots: roots, ...rest } = policy;
  const existing = roots.filter((root) => statSync(root, { throwIfNoEntry: false })?.isDirectory() ?? false);
  return existing.length === 0 ? rest : { ...rest, writable_roots: existing };
}

/** The checks that depend on where commands may write. */
function withWarnings(kept: Config, { warnings }: Config): Config {
  const search = programSearch(kept);
  const { bwrapPath } = kept.sandbox;
  // A missing one is reported when a command is to run.
  const fault = bwrapPath === null || !existsSync(bwrapPath) ? null : programFault(bwrapPath, search);
  if (fault !== null) {
    throw new KeelError('invalidConfig', `sandbox.bubblewrap = ${JSON.stringify(bwrapPath)} can't be used: ${fault}`);
  }
  return { ...kept, warnings: [...new Set([...warnings, ...ownPlaceWarnings(kept.sandboxPolicy, search.roots)])] };
}

function changesFrom(context: TurnContextRecord, { cwd, model, effort, sandboxPolicy }: Config): string[] {
  const [before, now] = [accessText(context.sandbox_policy), accessText(sandboxPolicy)];
  const place = context.cwd === cwd ? '' : ` in ${context.cwd}; run there, or with --cd, to keep it`;
  const hadEffort = context.effort === undefined ? effort : context.effort;
  return [
    ...(context.model === model ? [] : [`the model is ${model}; the thread had ${context.model}`]),
    ...(hadEffort === effort ? [] : [`the effort is ${effort ?? 'default'}; the thread had ${hadEffort ?? 'default'}`]),
    ...(before === now ? [] : [`the sandbox is ${now}; the thread had ${before}${place}`]),
  ];
}

function accessText(policy: SandboxPolicy): string {
  if (policy.mode !== 'workspace-write') return policy.mode;
  const roots = policy.writable_roots ?? [];
  const details = [...roots, ...(policy.network_access ? ['network access'] : [])];
  return details.length === 0 ? policy.mode : `${policy.mode} [${details.join(', ')}]`;
}
