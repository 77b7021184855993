export { type Compacted, compactedItems } from './compaction.ts';
export { ConversationHistory, type RepairListener } from './conversation-history.ts';
export { type OldOutput, outputsToElide } from './elision.ts';
export { type FactsPlace, ThreadFacts } from './thread-facts.ts';
export { filledWindow, percentLeft } from './token-info.ts';
