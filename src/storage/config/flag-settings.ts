import { defaultModel } from './built-in-providers.ts';
import { type ConfigFile, type Table, trustSettings, valueAt } from './layers/index.ts';
import type { ConfigFlags } from './load-options.ts';

/**
 * What flags set, as settings: they are merged, shown and limited like those of every other layer. Valid as it is.
 * @param below the layers below, merged
 */
export function flagSettings(flags: ConfigFlags, cwd: string, below: Table): ConfigFile {
  const local = localProviderId(flags, below);
  const model = flags.model ?? (local === null ? undefined : defaultModel(local));
  const { profile, effort, sandboxMode, approvalPolicy, allowedTools, disallowedTools, budget, instructions } = flags;
  const tools = {
    ...(allowedTools === undefined ? {} : { allowed: [...allowedTools] }),
    ...(disallowedTools === undefined ? {} : { disallowed: [...disallowedTools] }),
  };
  return {
    ...(local === null ? {} : { model_provider: local }),
    ...(model === undefined ? {} : { model }),
    ...(profile === undefined ? {} : { profile }),
    ...(effort === undefined ? {} : { model_reasoning_effort: effort }),
    ...(sandboxMode === undefined ? {} : { sandbox_mode: sandboxMode }),
    ...(approvalPolicy === undefined ? {} : { approval_policy: approvalPolicy }),
    ...(Object.keys(tools).length === 0 ? {} : { tools }),
    ...(budget === undefined ? {} : { budget }),
    ...(instructions === undefined ? {} : { developer_instructions: instructions }),
    ...(flags.trusted ? trustSettings(cwd, below) : {}),
  };
}

function localProviderId({ localProvider, oss }: ConfigFlags, below: Table): string | null {
  if (localProvider !== undefined) return localProvider;
  const configured = valueAt(below, ['oss_provider']);
  return oss ? (typeof configured === 'string' ? configured : 'oss') : null;
}
