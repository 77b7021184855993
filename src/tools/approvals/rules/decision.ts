/** From mild to strict; of several that match the strictest counts. */
export const DECISIONS = ['allow', 'prompt', 'forbidden'] as const;
export type RuleDecision = (typeof DECISIONS)[number];
