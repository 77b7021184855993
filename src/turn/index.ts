export { narrateItems } from './narrate.ts';
export type {
  CallBatch,
  CallOptions,
  QueuedMessage,
  TurnHistory,
  TurnModel,
  TurnOutcome,
  TurnPorts,
  TurnTools,
} from './ports.ts';
export { runTurn } from './run-turn.ts';
