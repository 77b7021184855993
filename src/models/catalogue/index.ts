export { isAzure } from './azure.ts';
export { compactLimit, effectiveWindow, effortFault, modelInfo, overridesFor, toolsFault } from './catalogue.ts';
export { FAMILIES_AS_OF } from './families.ts';
export { LIST_PRICES_AS_OF } from './list-prices.ts';
export type { ModelInfo, ModelOverrides, ToolSet } from './model-info.ts';
export { costOf, freshInput, knownPrices, type ModelPrices, priceOf } from './prices.ts';
export { learnedQuirk, quirkSetting } from './quirk-rules.ts';
export { ServerFacts } from './server-facts.ts';
export { knownQuirks, NO_HOST, type WireQuirks } from './wire-quirks.ts';
