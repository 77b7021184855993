export { stoppedByHook } from './absorb-input.ts';
export { eventsOfCall } from './call-value.ts';
export { compact } from './compact.ts';
export { askAfterDone, COMPACT_NOW } from './hooks/compaction-hooks.ts';
export { threadItemsOf } from './item-events.ts';
export type {
  CallOptions,
  CompactionTrigger,
  HistoryCopy,
  QueuedMessage,
  ResponseUsage,
  RunCall,
  TurnBudget,
  TurnCompaction,
  TurnFinishGate,
  TurnHistory,
  TurnHooks,
  TurnModel,
  TurnOutcome,
  TurnPorts,
  TurnTools,
} from './ports.ts';
export { runTurn } from './run-turn.ts';
