import { modelInfo } from '../../../../models/catalogue/index.ts';
import type { Config } from '../../../../storage/config/index.ts';

/** What is offered for a model of which keel knows no efforts. */
const USUAL_EFFORTS = ['low', 'medium', 'high'];
const EFFORTS: Readonly<Record<string, string>> = {
  none: 'The model does not think',
  minimal: 'Fastest answers, hardly any thinking',
  low: 'Fast answers with little thinking',
  medium: 'Speed and depth in balance',
  high: 'More thinking for hard problems',
  xhigh: 'Much thinking for the hardest problems',
  max: 'All the thinking that the model can do',
};

/** The models that a client can choose from: the configured one first, then those whose prices the user has entered. */
export function wireModels(config: Config): object[] {
  const names = new Set([config.model, ...Object.keys(config.modelPrices)]);
  return [...names].map((name) => wireModel(name, config));
}

function wireModel(name: string, config: Config): object {
  const isDefault = name === config.model;
  const info = modelInfo(name, isDefault ? config : {});
  const efforts = info.efforts ?? (info.supportsReasoning ? USUAL_EFFORTS : []);
  const chosen = isDefault ? config.effort : null;
  const usual = efforts.includes('medium') ? 'medium' : (efforts[0] ?? 'none');
  return {
    id: name,
    model: name,
    displayName: name,
    description: info.known ? `Family ${info.family}` : 'A model that keel knows nothing about',
    hidden: false,
    isDefault,
    upgrade: null,
    supportedReasoningEfforts: efforts.map((effort) => ({
      reasoningEffort: effort,
      description: EFFORTS[effort] ?? effort,
    })),
    defaultReasoningEffort: chosen ?? usual,
    inputModalities: info.supportsImages ? ['text', 'image'] : ['text'],
    supportsPersonality: false,
  };
}
