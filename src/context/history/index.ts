export { type Compacted, compactedItems } from './compaction.ts';
export { estimateTokens } from './context-size.ts';
export { ConversationHistory, type RepairListener } from './conversation-history.ts';
export { type OldOutput, outputsToElide } from './elision.ts';
export { fittedOutput } from './recordable.ts';
export { type FactsPlace, ThreadFacts } from './thread-facts.ts';
export { filledWindow, percentLeft } from './token-info.ts';
export { cutMessage, isShrinkable, messageBytes } from './user-messages.ts';
export { type WindowBudget, windowBudget } from './window-budget.ts';
