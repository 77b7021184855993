export { type CompactionOutcome, compact } from './compact.ts';
export { narrateItems } from './narrate.ts';
export type {
  CallBatch,
  CallOptions,
  HistoryCopy,
  QueuedMessage,
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
