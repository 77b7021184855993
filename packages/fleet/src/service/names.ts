/** Names of the fleet's services at the engine. A change of one is a change of every address and of all that is stored. */
export const THREAD = 'thread';
export const TURN = 'turn';
export const LIMIT = 'limit';

/** In which the front names the user whom it has authenticated. It removes what a client sends under this name. */
export const USER_HEADER = 'x-keel-user';
