import { assertNever } from '../../../foundation/util/index.ts';
import { imagePathIn, isBlank, pasted, typed, withImage } from '../composer/index.ts';
import type { Message } from '../message.ts';
import type { State } from '../state.ts';
import { keyName } from '../terminal/index.ts';
import { approvalKey, choiceOf, isAwake } from '../views/index.ts';
import { answered, isChoice, onDialogKey } from './asking.ts';
import { onScreenKey } from './choosing.ts';
import { withCompletion } from './completing.ts';
import { onComposerKey } from './composing.ts';
import { only, type Step, withPager } from './step.ts';
import { vimOnKey, vimOnText } from './vim-keys.ts';

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
  if (state.screen !== null) return onScreenKey(state, key, false);
  const [dialog] = state.approvals;
  if (dialog !== undefined && isAwake(dialog, at, state.lastKeyAt) && isChoice(dialog, key, state.composer)) {
    return onDialogKey(state, dialog, key, at);
  }
  const next = { ...state, lastKeyAt: at };
  return vimOnKey(next, key) ?? onComposerKey(next, key);
}

function onText(state: State, text: string, at: number): Step {
  if (state.screen !== null) return onScreenKey(state, text, true);
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

/** A paste is text whatever it says; one that is the path of an image attaches it. */
function onPaste(state: State, text: string): Step {
  const [dialog] = state.approvals;
  if (state.screen !== null) return onScreenKey(state, text.replaceAll('\n', ' '), true);
  if (dialog !== undefined && dialog.denial !== null) {
    const view = { ...dialog, denial: dialog.denial + text.replaceAll('\n', ' ') };
    return only({ ...state, approvals: state.approvals.with(0, view) });
  }
  const path = imagePathIn(text, state.thread?.settings.cwd ?? '/');
  const isShell = state.composer.draft.atoms[0] === '!';
  const composer = path === null || isShell ? pasted(state.composer, text) : withImage(state.composer, path);
  const next = { ...state, composer, hint: null, lastKeyAt: state.now };
  return isBlank(composer.draft.atoms) ? only(next) : withCompletion(next);
}
