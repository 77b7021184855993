import { KeelError } from '../../../foundation/protocol/index.ts';
import { knownPrices, modelInfo } from '../../../models/catalogue/index.ts';
import { resolveCredentials } from '../../../models/client/index.ts';
import type { Config, OtherProvider } from '../../../storage/config/index.ts';
import type { OtherModel } from '../message.ts';

/**
 * The models of other providers that a thread could continue with. A provider of which no model is known has one entry without a
 * name. An administrator who fixes the model leaves no choice.
 */
export function otherModels(others: readonly OtherProvider[], config: Config): OtherModel[] {
  if (config.managed.model !== undefined) return [];
  return others.filter((other) => canBeAsked(other, config)).flatMap((other) => modelsOf(other, config));
}

/** A provider of the user's settings may need no key; of those that are built in only the ones with a key are meant. */
function canBeAsked({ provider, isConfigured }: OtherProvider, { env, storedKey }: Config): boolean {
  try {
    const { bearer } = resolveCredentials(provider, env, storedKey);
    return isConfigured || bearer !== null;
  } catch (error) {
    if (error instanceof KeelError && error.kind === 'missingCredentials') return false;
    throw error;
  }
}

function modelsOf({ provider, model }: OtherProvider, config: Config): OtherModel[] {
  const { id, name: label } = provider;
  const listed = [...(model === null ? [] : [model]), ...Object.keys(knownPrices(provider, {}))];
  const models = [...new Set(listed)].flatMap((name): OtherModel[] => {
    const { efforts, supportsTools } = modelInfo(name, { models: config.models });
    return supportsTools ? [{ provider: { id, label }, name, efforts }] : [];
  });
  return models.length === 0 ? [{ provider: { id, label }, name: null, efforts: null }] : models;
}
