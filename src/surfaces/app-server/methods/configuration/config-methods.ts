import { resolve } from 'node:path';
import * as z from 'zod';
import type { LoadedConfig } from '../../../../storage/config/index.ts';
import { wireApprovalPolicy } from '../../notifications/wire-policy.ts';
import { type Methods, method } from '../method.ts';
import type { ServerSettings } from '../server-settings.ts';
import { metadataOf, originsOf, shownTable } from './config-layers.ts';
import { ConfigWriter, EditParams, WriteTarget } from './config-writer.ts';

const ReadParams = z.object({ includeLayers: z.boolean().default(false), cwd: z.string().nullish() });
const ValueWriteParams = EditParams.extend(WriteTarget.shape);
const BatchWriteParams = WriteTarget.extend({ edits: z.array(EditParams), reloadUserConfig: z.boolean().nullish() });

/** `config/*`: the settings in force, where each comes from, and changes of the user's own file. */
export function configMethods(settings: ServerSettings): Methods {
  const writer = new ConfigWriter(settings);
  return {
    'config/read': method(ReadParams, async ({ includeLayers, cwd }) => {
      const loaded = await settings.read(resolve(settings.context.cwd, cwd ?? ''));
      return {
        config: wireConfig(loaded),
        origins: originsOf(loaded),
        layers: includeLayers ? wireLayers(loaded) : null,
      };
    }),
    'config/value/write': method(ValueWriteParams, ({ filePath, expectedVersion, ...edit }) =>
      writer.write([edit], { filePath, expectedVersion }),
    ),
    'config/batchWrite': method(BatchWriteParams, ({ edits, ...target }) => writer.write(edits, target)),
    'configRequirements/read': method(z.object({}), async () => ({
      requirements: requirementsOf(await settings.config()),
    })),
  };
}

/** The highest one first. */
function wireLayers(loaded: LoadedConfig): object[] {
  return loaded.layers.toReversed().map((layer) => ({
    ...metadataOf(layer, loaded.config.home),
    config: shownTable(layer.table, loaded),
    disabledReason: null,
  }));
}

/** The settings that are set, and those that a client needs to know in any case. */
function wireConfig(loaded: LoadedConfig): object {
  const { config, settings } = loaded;
  // The protocol has a table of that name, of another form.
  const { tools: _, ...others } = settings;
  return {
    ...shownTable(others, loaded),
    model: config.model,
    model_provider: config.provider.id,
    model_reasoning_effort: config.effort,
    approval_policy: wireApprovalPolicy(config.approvalPolicy),
    sandbox_mode: config.sandboxPolicy.mode,
  };
}

/** What the machine's administrator fixes; null: nothing. */
function requirementsOf({ managed }: LoadedConfig['config']): object | null {
  const { approvalPolicy, sandboxMode } = managed;
  if (approvalPolicy === undefined && sandboxMode === undefined) return null;
  return {
    allowedApprovalPolicies: approvalPolicy === undefined ? null : [wireApprovalPolicy(approvalPolicy)],
    allowedSandboxModes: sandboxMode === undefined ? null : [sandboxMode],
  };
}
