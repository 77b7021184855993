export type { TurnJob, TurnOutcome } from '../protocol.ts';
