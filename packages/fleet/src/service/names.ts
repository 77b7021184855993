/** Names of the fleet's services at the engine. A change of one is a change of every address and of all that is stored. */
export const THREAD = 'thread';
export const TURN = 'turn';
export const LIMIT = 'limit';

/** The name of the workflow that is one stage of a turn. */
export function stageKey(threadId: string, turnId: string, stage: number): string {
  return `${threadId}.${turnId}.${stage}`;
}

/** In which the front names the user whom it has authenticated. It removes what a client sends under this name. */
export const USER_HEADER = 'x-keel-user';

/** How long the engine keeps what nobody reads again, ms: 0 would be its default. */
export const SHORT = 1;

/**
 * How the engine tries again what a dead worker had: soon, since another one may be there, and for half an hour, after which an
 * operator has to look (`keel-fleet ls --stuck`).
 */
export const RETRIES = {
  initialInterval: 100,
  exponentiationFactor: 1.5,
  maxInterval: 1_000,
  maxAttempts: 1_800,
  onMaxAttempts: 'pause',
} as const;
