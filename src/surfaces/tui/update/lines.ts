import type { State } from '../state.ts';
import type { InputEvent } from '../terminal/index.ts';
import { onInput } from './keys.ts';
import { andThen, type Step } from './step.ts';

const PLAIN = { ctrl: false, alt: false, shift: false, super: false, isRepeat: false } as const;
const ENTER: InputEvent = { type: 'key', key: 'enter', ...PLAIN };
const ESCAPE: InputEvent = { type: 'key', key: 'escape', ...PLAIN };

/** A whole line does what its text and Enter do; in a list or dialog, a line of one sign does what its key does. */
export function onLine(state: State, line: string, at: number): Step {
  const text: InputEvent = { type: 'text', text: line };
  const [dialog] = state.approvals;
  if (line.toLowerCase() === 'esc') return onInput(state, { type: 'input', event: ESCAPE, at });
  const isAnswer = state.screen === null && dialog !== undefined && dialog.denial === null;
  const isChoice = state.screen?.type === 'picker' && state.screen.view.query === null;
  if (line === '' && isAnswer) return { state, effects: [] };
  if (line !== '' && (isChoice || (isAnswer && line.length === 1)))
    return onInput(state, { type: 'input', event: text, at });
  const enter = (next: State) => onInput(next, { type: 'input', event: ENTER, at });
  if (line === '') return enter(state);
  // Names are completed nowhere: what is written is what is meant.
  return andThen(onInput(state, { type: 'input', event: text, at }), (next) => enter({ ...next, completion: null }));
}
