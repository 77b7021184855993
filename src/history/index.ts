export { ConversationHistory, type RepairListener } from './conversation-history.ts';
export { abortedOutput, isCall } from './pairs.ts';
export { percentLeft, tokensInWindow } from './token-info.ts';
