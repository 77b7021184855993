import { parseCommand } from '../commands/index.ts';
import {
  type Atom,
  atomsOf,
  COMPOSER_MARGIN,
  cleared,
  draftOf,
  type Edit,
  imagesIn,
  isBlank,
  sentText,
  trimmed,
  VIM_INSERT,
  visibleText,
  withDraft,
  withEdit,
} from '../composer/index.ts';
import type { Action } from '../keymap/index.ts';
import { nextMode } from '../modes.ts';
import type { State } from '../state.ts';
import { backtrackPicker, historyPicker } from './choosing.ts';
import { withChosenCandidate, withCompletion } from './completing.ts';
import { editingQueued, withEdited, withMessage, withMoved, withNextQueued } from './outbox.ts';
import { withSettings } from './settings.ts';
import { onSlash } from './slash.ts';
import { withSource } from './source.ts';
import { only, type Step, step, withHint, withNotice } from './step.ts';

export function onComposerKey(before: State, key: string): Step {
  const { hint } = before;
  const state = hint === null ? before : { ...before, hint: null };
  const completing = state.completion === null ? null : onCompletionKey(state, key);
  if (completing !== null) return completing;
  switch (key) {
    case 'escape':
      return onEscape(state, hint?.arms === 'backtrack');
    case 'ctrl+c':
      return onCtrlC(state, hint?.arms === 'quit' && state.now <= hint.until);
    default: {
      const action = state.keymap.get(key);
      return action === undefined ? only(state) : onAction(state, action);
    }
  }
}

function onAction(state: State, action: Action): Step {
  switch (action) {
    case 'send':
      return onEnter({ ...state, vim: state.vim && VIM_INSERT }, 'steer');
    case 'queue':
      return state.turn === null && state.thread !== null ? only(state) : onEnter(state, 'queue');
    case 'next_mode':
      return onNextMode(state);
    case 'delete_forward_or_quit':
      return state.composer.draft.atoms.length === 0 ? quit(state) : edit(state, 'delete_forward');
    case 'transcript':
      return withTranscript(state);
    case 'whole_output':
      return only(withUnfolded(state));
    case 'search_history':
      return only({ ...state, screen: { type: 'picker', view: historyPicker(state) } });
    case 'editor':
      return step(state, { type: 'edit', text: sentText(state.composer.draft.atoms) });
    case 'suspend':
      return step(state, { type: 'suspend' });
    case 'paste_image':
      return step(state, { type: 'pasteImage' });
    case 'edit_queued':
      return only(editingQueued(state));
    case 'queue_earlier':
      return only(withMoved(state, -1));
    case 'queue_later':
      return only(withMoved(state, 1));
    case 'source':
      return only(withSource(state));
    default:
      return edit(state, action);
  }
}

/** The transcript from its end. What went before what is kept is read from the record. */
function withTranscript(state: State): Step {
  const { thread, transcript } = state;
  const content = { type: 'transcript', earlier: [] } as const;
  const shown: State = { ...state, screen: { type: 'pager', view: { content, below: 0 } } };
  if (transcript.gone === 0 || thread === null || thread.rolloutPath === null) return only(shown);
  return step(shown, { type: 'readTurns', threadId: thread.id });
}

function quit(state: State): Step {
  return step({ ...state, isClosing: true }, { type: 'exit', code: 0 });
}

function edit(state: State, change: Edit): Step {
  const composer = withEdit(state.composer, change, Math.max(1, state.size.columns - COMPOSER_MARGIN));
  if (composer.recalled !== null) return only({ ...state, composer, completion: null });
  return withCompletion({ ...state, composer });
}

/** Null: the list has no use for the key. */
function onCompletionKey(state: State, key: string): Step | null {
  const { completion } = state;
  if (completion === null) return null;
  const count = completion.candidates.length;
  const select = (selected: number) => only({ ...state, completion: { ...completion, selected } });
  switch (key) {
    case 'up':
      return count === 0 ? null : select((completion.selected + count - 1) % count);
    case 'down':
      return count === 0 ? null : select((completion.selected + 1) % count);
    case 'escape':
      return only({ ...state, completion: null, dismissed: completion.query });
    case 'tab':
      return count === 0 ? only(state) : withCompletion(withChosenCandidate(state));
    case 'enter': {
      if (count === 0) return null;
      // A name that is typed whole runs, whatever is selected.
      if (completion.kind === 'command') {
        const typed = parseCommand(visibleText(state.composer.draft.atoms));
        if (typed !== null && typed.type !== 'unknown') return null;
        return onEnter(withChosenCandidate(state), 'steer');
      }
      return withCompletion(withChosenCandidate(state));
    }
    default:
      return null;
  }
}

/** Sends what is written, or runs it as a command. */
function onEnter(state: State, how: 'steer' | 'queue'): Step {
  const { composer } = state;
  const { atoms } = composer.draft;
  if (state.editing !== null) return only(withEdited(state, trimmed(atoms)));
  if (isBlank(atoms) && imagesIn(atoms).length === 0) {
    return state.turn === null && state.isQueuePaused ? withNextQueued(state) : only(state);
  }
  const closed: State = { ...state, completion: null, dismissed: null };
  const emptied: State = { ...closed, composer: withDraft(composer, draftOf('')) };
  if (atoms[0] === '/') {
    const parsed = parseCommand(sentText(trimmed(atoms)));
    if (parsed !== null) return onSlash(closed, emptied, parsed);
  }
  if (atoms[0] === '!') return onShell(closed, emptied, sentText(atoms.slice(1)).trim());
  return withMessage(emptied, trimmed(atoms), how);
}

function onShell(state: State, emptied: State, command: string): Step {
  if (command === '') return only(withHint(state, 'Write a command after the !, to run it yourself.'));
  if (state.thread === null) return only(withHint(state, 'The thread is still being opened.'));
  return step(emptied, { type: 'submit', op: { type: 'userShell', command } });
}

function onNextMode(state: State): Step {
  const { thread, setup } = state;
  if (thread === null || setup === null) return only(state);
  const mode = nextMode(thread.settings, setup.workspacePolicy);
  if (mode === undefined) return only(state);
  const { approvalPolicy, sandboxPolicy, summary } = mode;
  const next = withSettings(state, { approvalPolicy, sandboxPolicy });
  return { ...next, state: withHint(next.state, `Mode: ${mode.name}. It ${summary}.`) };
}

function onEscape(state: State, isPrimed: boolean): Step {
  if (state.editing !== null) return only({ ...state, editing: null, composer: cleared(state.composer) });
  if (state.turn !== null) return interrupt(state);
  if (state.composer.draft.atoms.length > 0 || (state.thread?.messages.length ?? 0) === 0) return only(state);
  if (isPrimed) return only({ ...state, screen: { type: 'picker', view: backtrackPicker(state) } });
  return only(withHint(state, 'Esc again: edit an earlier message', 'backtrack'));
}

function onCtrlC(state: State, isArmed: boolean): Step {
  const { draft } = state.composer;
  if (draft.atoms.length > 0) {
    const composer = cleared(state.composer);
    return only(
      withHint(
        { ...state, composer, completion: null, editing: null },
        'Cleared; Up brings it back. Ctrl-C again: quit',
        'quit',
      ),
    );
  }
  if (isArmed) return quit(state);
  if (state.turn === null) return only(withHint(state, 'Ctrl-C again: quit', 'quit'));
  const stopped = interrupt(state);
  return { ...stopped, state: withHint(stopped.state, 'Interrupted. Ctrl-C again: quit', 'quit') };
}

function interrupt(state: State): Step {
  const turn = state.turn && { ...state.turn, isStopping: true };
  return step({ ...state, turn }, { type: 'submit', op: { type: 'interrupt' } });
}

/** Shows the newest output that was shown folded, whole. */
function withUnfolded(state: State): State {
  const { gone, past, open } = state.transcript;
  const entry = [...past, ...open].findLast((one) => one.type === 'item' && one.item.type === 'commandExecution');
  if (entry?.type !== 'item' || entry.item.type !== 'commandExecution') return withNoOutput(state);
  const text = entry.isDone ? (entry.item.aggregatedOutput ?? '') : entry.live;
  const shown = { type: 'text', title: `$ ${entry.item.command}`, text, form: 'plain' } as const;
  return { ...state, transcript: { gone, past: [...past, shown], open } };
}

function withNoOutput(state: State): State {
  return withNotice(state, 'info', 'No command has run yet.');
}

/** What an editor left is the new draft; labels of images that are still in it stay images. */
export function withEditedText(state: State, text: string): State {
  const images = imagesIn(state.composer.draft.atoms);
  const parts = text.replace(/\n$/, '').split(/(\[Image #\d+\])/);
  const atoms = parts.flatMap((part): readonly Atom[] => {
    const image = images.find(({ label }) => label === part);
    return image === undefined ? atomsOf(part) : [image];
  });
  return { ...state, composer: withDraft(state.composer, { atoms, cursor: atoms.length }) };
}
