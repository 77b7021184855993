import { COMPOSER_MARGIN, leftInsert, typed, vimKey } from '../composer/index.ts';
import type { State } from '../state.ts';
import { withCompletion } from './completing.ts';
import { only, type Step } from './step.ts';

/** A key that means something else where the keys are vim's; null: it means what it always does. */
export function vimOnKey(state: State, key: string): Step | null {
  const { vim, composer, completion } = state;
  if (vim === null) return null;
  if (key === 'escape' && vim.mode === 'insert' && completion === null)
    return only({ ...state, ...leftInsert(composer) });
  if (vim.mode === 'insert') return null;
  if (key === 'escape' && vim.pending !== '') return only({ ...state, vim: { ...vim, pending: '' } });
  if (key === 'ctrl+r') return withVimKey(state, key);
  return key === 'backspace' ? withVimKey(state, 'h') : null;
}

/** Text in normal mode: commands, until one of them starts to type. */
export function vimOnText(state: State, text: string): Step | null {
  if (state.vim?.mode !== 'normal') return null;
  return withVimKey(state, text);
}

function withVimKey(state: State, text: string): Step {
  const width = Math.max(1, state.size.columns - COMPOSER_MARGIN);
  let { composer, vim } = state;
  const keys = text === 'ctrl+r' ? [text] : [...text];
  while (vim?.mode === 'normal') {
    const key = keys.shift();
    if (key === undefined) break;
    ({ composer, vim } = vimKey(composer, vim, key, width));
  }
  // What follows the key that starts to type is typed.
  const rest = keys.join('');
  return withCompletion({ ...state, composer: rest === '' ? composer : typed(composer, rest), vim, hint: null });
}
