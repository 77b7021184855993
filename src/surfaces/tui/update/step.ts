import type { Effect } from '../message.ts';
import type { State } from '../state.ts';
import type { NoticeEntry } from '../transcript/index.ts';
import { withEntry } from '../transcript/index.ts';
import type { PagerView } from '../views/index.ts';

/** The state after a message, and what the world is asked to do. */
export interface Step {
  readonly state: State;
  readonly effects: readonly Effect[];
}

export function only(state: State): Step {
  return { state, effects: [] };
}

export function step(state: State, ...effects: readonly Effect[]): Step {
  return { state, effects };
}

/** Does the next part of a step with the state that the first part left. */
export function andThen({ state, effects }: Step, next: (state: State) => Step): Step {
  const after = next(state);
  return { state: after.state, effects: [...effects, ...after.effects] };
}

export function withNotice(state: State, level: NoticeEntry['level'], text: string, detail?: readonly string[]): State {
  const entry = { type: 'notice' as const, level, text, ...(detail === undefined ? {} : { detail }) };
  return { ...state, transcript: withEntry(state.transcript, entry) };
}

/** How long a line takes the footer's place, ms. */
const HINT_MS = 4_000;
/** Within this time a second press means the same as the first one again, ms. */
const REPEAT_MS = 1_000;

export function withHint(state: State, text: string, arms: 'quit' | 'backtrack' | null = null): State {
  return { ...state, hint: { text, arms, until: state.now + (arms === 'quit' ? REPEAT_MS : HINT_MS) } };
}

/** A text in the full screen, from the top. */
export function withPager(state: State, content: PagerView['content']): State {
  return { ...state, screen: { type: 'pager', view: { content, below: Number.POSITIVE_INFINITY } } };
}
