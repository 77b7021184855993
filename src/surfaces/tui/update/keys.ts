import { assertNever } from '../../../foundation/util/index.ts';
import { graphemes } from '../../text/index.ts';
import { imagePathIn, isBlank, pasted, typed } from '../composer/index.ts';
import type { Message } from '../message.ts';
import type { Screen, State } from '../state.ts';
import { keyName } from '../terminal/index.ts';
import { approvalKey, choiceOf, isAwake } from '../views/index.ts';
import { answered, isChoice, onDialogKey } from './asking.ts';
import { onScreenKey } from './choosing.ts';
import { withCompletion } from './completing.ts';
import { onComposerKey } from './composing.ts';
import { andThen, only, type Step, step, withPager } from './step.ts';
import { vimOnKey, vimOnText } from './vim-keys.ts';

/** More letters than this that come at once are no keys, but a paste that the terminal does not mark. */
const MOST_TYPED_AHEAD = 32;
/** In a list without a search. A number among other letters chooses nothing: it may be part of a text. */
const MOVES_AND_CHOICE = /^[jk]+[1-9]?$/;

/** What a key, a text or a paste changes: it belongs to the screen in front, then to a dialog, then to the composer. */
export function onInput(before: State, { event, at }: Extract<Message, { type: 'input' }>): Step {
  const state = event.type === 'focus' ? { ...before, now: at } : { ...before, now: at, lastInputAt: at };
  switch (event.type) {
    case 'focus':
      return only({ ...state, isFocused: event.isFocused });
    case 'reply':
      return only(state);
    case 'paste':
      return onPaste(state, event.text);
    case 'text':
      return onText(state, event.text, at);
    case 'key':
      return onKey(state, keyName(event), at);
    default:
      return assertNever(event, 'input event');
  }
}

function onKey(state: State, key: string, at: number): Step {
  if (state.screen !== null) return rested(onScreenKey(state, key, false), at);
  const [dialog] = state.approvals;
  if (dialog !== undefined && isAwake(dialog, at, state.lastKeyAt) && isChoice(dialog, key, state.composer)) {
    return onDialogKey(state, dialog, key, at);
  }
  const next = { ...state, lastKeyAt: at };
  return vimOnKey(next, key) ?? onComposerKey(next, key);
}

function onText(state: State, text: string, at: number): Step {
  if (state.screen !== null) return onScreenText(state, text, at);
  const [dialog] = state.approvals;
  if (dialog !== undefined && isAwake(dialog, at, state.lastKeyAt)) {
    if (dialog.denial !== null) {
      const view = { ...dialog, denial: dialog.denial + text };
      return only({ ...state, approvals: state.approvals.with(0, view) });
    }
    if (text.length === 1 && choiceOf(dialog, text) !== undefined)
      return answered(state, dialog, approvalKey(dialog, text, 1), at);
  }
  if (text === '?' && state.composer.draft.atoms.length === 0) return only(withPager(state, { type: 'help' }));
  const commanded = vimOnText({ ...state, lastKeyAt: at }, text);
  if (commanded !== null) return commanded;
  const composer = typed(state.composer, text);
  return withCompletion({ ...state, composer, lastKeyAt: at, hint: null });
}

/**
 * Letters that came in one read, as over a slow line. What takes text takes them all; where letters are keys they are keys one
 * after the other, and those behind the one that closes the screen belong to what is in front then.
 */
function onScreenText(state: State, text: string, at: number): Step {
  const { screen } = state;
  if (screen === null) return text === '' ? only(state) : onText(state, text, at);
  const letters = graphemes(text);
  const [first = '', ...others] = letters;
  if (others.length === 0 || takesText(screen)) return rested(onScreenKey(state, text, true), at);
  const areKeys = screen.type === 'pager' ? letters.length <= MOST_TYPED_AHEAD : MOVES_AND_CHOICE.test(text);
  if (!areKeys) return only(state);
  const step = rested(onScreenKey(state, first, true), at);
  return andThen(step, (next) => onScreenText(next, others.join(''), at));
}

/** A dialog that was behind a screen takes no key right after the one that closed it. */
function rested({ state, effects }: Step, at: number): Step {
  return state.screen === null ? { state: { ...state, lastKeyAt: at }, effects } : { state, effects };
}

/** Whether what is typed is written: into a field or a search. */
function takesText(screen: Screen): boolean {
  return screen.type === 'prompt' || (screen.type === 'picker' && screen.view.query !== null);
}

/** A paste is text whatever it says, and goes to where text is written; one that is the path of an image attaches it. */
function onPaste(state: State, text: string): Step {
  const [dialog] = state.approvals;
  const { screen } = state;
  if (screen !== null && takesText(screen)) return onScreenKey(state, text.replaceAll('\n', ' '), true);
  // A line end that was taken for a part of a paste: where letters are keys it is none.
  if (screen !== null && text.trim() === '') return only(state);
  if (screen === null && dialog !== undefined && dialog.denial !== null) {
    const view = { ...dialog, denial: dialog.denial + text.replaceAll('\n', ' ') };
    return only({ ...state, approvals: state.approvals.with(0, view) });
  }
  const path = imagePathIn(text, state.thread?.settings.cwd ?? '/');
  const isShell = state.composer.draft.atoms[0] === '!';
  const composer = pasted(state.composer, text);
  const next = { ...state, composer, hint: null, lastKeyAt: state.now };
  if (path !== null && !isShell) return step(next, { type: 'findImage', path, text });
  return isBlank(composer.draft.atoms) ? only(next) : withCompletion(next);
}
