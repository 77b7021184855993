export type { Limit, Place, Question, Submission, ThreadSettings } from '../protocol.ts';
export type { EndedTurn, ThreadState } from '../service/thread-state.ts';
export { FleetClient, type FleetClientOptions, FleetError, type NewTurn, type TurnState } from './fleet-client.ts';
