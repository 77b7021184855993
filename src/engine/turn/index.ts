export { eventsOfCall } from './call-value.ts';
export { compact } from './compact.ts';
export { threadItemsOf } from './item-events.ts';
export type {
  CallOptions,
  HistoryCopy,
  QueuedMessage,
  RunCall,
  TurnBudget,
  TurnCompaction,
  TurnFinishGate,
  TurnHistory,
  TurnModel,
  TurnOutcome,
  TurnPorts,
  TurnTools,
} from './ports.ts';
export { runTurn } from './run-turn.ts';
