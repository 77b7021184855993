import type { Effect } from '../message.ts';
import type { State } from '../state.ts';

/** Without a report of the focus, nobody is there who has typed nothing for so long, ms. */
const AWAY_MS = 30_000;

/** A notification, if the user looks elsewhere. */
export function notified(
  { isFocused, now, lastInputAt }: State,
  what: 'agent-turn-complete' | 'approval-requested',
  text: string,
): Effect[] {
  const isAway = isFocused === null ? now - lastInputAt > AWAY_MS : !isFocused;
  return isAway ? [{ type: 'notify', what, text }] : [];
}
