export { ConversationHistory, type RepairListener } from './conversation-history.ts';
export { percentLeft } from './token-info.ts';
