import { workspacePolicyOf } from '../../../engine/threads/index.ts';
import { KeelError } from '../../../foundation/protocol/index.ts';
import { userHome } from '../../../foundation/util/index.ts';
import { knownPrices, modelInfo } from '../../../models/catalogue/index.ts';
import type { Config } from '../../../storage/config/index.ts';
import { trustPlace } from '../../../storage/config/index.ts';
import { keymapOf } from '../keymap/index.ts';
import type { MissingModel, ModelChoice, ProviderChoice, Setup, TrustQuestion } from '../message.ts';
import type { TuiOptions } from '../options.ts';
import { statusLineOf } from '../status-parts.ts';

/**
 * Reads the configuration, and what the screen needs to know of it.
 * @param choice another provider than the configured one
 * @throws KeelError `invalidConfig`
 */
export async function setUp(
  options: TuiOptions,
  choice?: ProviderChoice,
): Promise<{ readonly config: Config; readonly setup: Setup }> {
  const config = await options.loadConfig(choice);
  const { model, effort, approvalPolicy, sandboxPolicy, cwd, provider, env } = config;
  const isAsked = config.projectTrust === null && !options.isAccessGiven;
  const { keymap, faults: keyFaults } = keymapOf(config.tui.keymap);
  const { statusLine, faults: partFaults } = statusLineOf(config.tui.statusLine);
  const setup: Setup = {
    version: options.version,
    settings: { model, effort, approvalPolicy, sandboxPolicy, cwd },
    provider: provider.name,
    workspacePolicy: workspacePolicyOf(sandboxPolicy),
    connect: await missingModel(config),
    trustQuestion: isAsked ? await questionOf(config, options) : null,
    models: modelChoices(config),
    notifications: config.tui.notifications,
    userHome: userHome(env),
    warnings: [...options.notices, ...config.warnings, ...keyFaults, ...partFaults],
    hidesReasoning: config.hideAgentReasoning,
    isAnimated: config.tui.animations,
    theme: config.tui.theme,
    keymap,
    hasVim: config.tui.vim,
    statusLine,
  };
  return { config, setup };
}

/** The models that the configuration names, and those of the provider whose prices are known. */
function modelChoices(config: Config): ModelChoice[] {
  const { managed, model, models, modelPrices, provider } = config;
  if (managed.model !== undefined) return [];
  const names = new Set([model, ...Object.keys(models), ...Object.keys(knownPrices(provider, modelPrices))]);
  return [...names].flatMap((name) => {
    const { efforts, supportsTools } = modelInfo(name, config);
    return name !== '' && supportsTools ? { name, efforts } : [];
  });
}

async function questionOf(config: Config, { loadTrusted }: TuiOptions): Promise<TrustQuestion> {
  const { trustQuestion } = await import('./project-contents.ts');
  return await trustQuestion(trustPlace(config.cwd), config, loadTrusted);
}

/** Whether a key is missing for the provider that is configured. */
async function missingModel({ provider, env, storedKey }: Config): Promise<MissingModel | null> {
  const { resolveCredentials } = await import('../../../models/client/index.ts');
  const isFound = (stored: Config['storedKey']) => {
    try {
      resolveCredentials(provider, env, stored);
      return null;
    } catch (error) {
      if (error instanceof KeelError && error.kind === 'missingCredentials') return error.message;
      throw error;
    }
  };
  const reason = isFound(storedKey);
  return reason === null ? null : { reason, takesKey: isFound({ apiKey: 'any', path: '' }) === null };
}
