import { modeOf, modes } from '../../../engine/threads/index.ts';
import { assertNever } from '../../../foundation/util/index.ts';
import { visibleText } from '../composer/index.ts';
import type { Screen, State } from '../state.ts';
import { isMessageStart } from '../transcript/index.ts';
import { pagerHeight, pagerRows } from '../view/pager-rows.ts';
import { type PickerView, type PickItem, pagerKey, picker, pickerKey, textPromptKey } from '../views/index.ts';
import { listing, onAnswered, onChosen, threadPicker, threadQuery } from './chosen.ts';
import { askedToConnect } from './connecting.ts';
import { only, type Step, step, withNotice } from './step.ts';

/** What a key does to the screen in front. */
export function onScreenKey(state: State, key: string, isText: boolean): Step {
  const { screen } = state;
  switch (screen?.type) {
    case undefined:
      return only(state);
    case 'pager': {
      const rows = pagerRows(state, screen.view);
      const messages = rows.flatMap((row, at) => (isMessageStart(row) ? at : []));
      const next = pagerKey(screen.view, key, { total: rows.length, height: pagerHeight(state.size), messages });
      return only({ ...state, screen: next.type === 'closed' ? null : { type: 'pager', view: next.view } });
    }
    case 'prompt': {
      const next = textPromptKey(screen.view, key, isText);
      if (next.type === 'answered') return onAnswered({ ...state, screen: null }, screen.view.purpose, next.text);
      if (next.type === 'view') return only({ ...state, screen: { type: 'prompt', view: next.view } });
      const { purpose } = screen.view;
      if (typeof purpose === 'object' && purpose.type === 'renamed') return threadPicker(state, purpose.verb);
      const missing = purpose === 'apiKey' ? (state.setup?.connect ?? null) : null;
      return missing === null ? only({ ...state, screen: null }) : askedToConnect(state, missing);
    }
    case 'picker':
      return onPickerKey(state, screen, key, isText);
    default:
      return assertNever(screen, 'screen');
  }
}

function onPickerKey(state: State, { view }: Extract<Screen, { type: 'picker' }>, key: string, isText: boolean): Step {
  const next = pickerKey(view, key, isText, Math.max(1, state.size.rows - 8));
  const isThreads = view.purpose.type === 'resume' || view.purpose.type === 'fork';
  switch (next.type) {
    case 'view':
      return withMore(state, next.view);
    case 'searched':
      return isThreads ? listing(state, next.view) : only(shown(state, next.view));
    case 'everywhere':
      return isThreads ? listing(state, { ...view, isEverywhere: !view.isEverywhere }) : only(state);
    case 'renaming':
      return only(renaming(state, view, next.item));
    case 'archived':
      return archived(state, view, next.item);
    case 'chosen':
      return onChosen({ ...state, screen: null }, view, next.item);
    case 'closed':
      return key === 'ctrl+c' && isStart(state) ? leaving(state) : onClosed({ ...state, screen: null }, view);
    default:
      return assertNever(next, 'step');
  }
}

/** Near the end of a page the next one is read. */
function withMore(state: State, view: PickerView): Step {
  if (view.nextCursor === null || view.isLoading || view.selected < view.items.length - 5)
    return only(shown(state, view));
  const query = { ...threadQuery(state, view), cursor: view.nextCursor };
  return step(shown(state, { ...view, isLoading: true }), { type: 'listThreads', query });
}

/** Whether no thread has been opened yet. */
function isStart({ thread, opening }: State): boolean {
  return thread === null && opening === null;
}

function leaving(state: State): Step {
  return step({ ...state, screen: null, isClosing: true }, { type: 'exit', code: 0 });
}

/** The thread on the screen stays: only `/archive` opens another in its place. */
function archived(state: State, view: PickerView, { id }: PickItem): Step {
  if (state.thread?.id === id) {
    const kept = shown(state, { ...view, armed: null });
    return only(withNotice(kept, 'error', 'That thread is open here. /archive archives it and starts a new one.'));
  }
  const items = view.items.filter((item) => item.id !== id);
  const selected = Math.max(0, Math.min(view.selected, items.length - 1));
  return step(shown(state, { ...view, items, selected, armed: null }), { type: 'archive', threadId: id });
}

function renaming(state: State, { purpose }: PickerView, { id, label }: PickItem): State {
  const verb = purpose.type === 'fork' ? 'fork' : 'resume';
  const view = {
    purpose: { type: 'renamed', threadId: id, verb },
    title: `New name of "${label.slice(0, 60)}"`,
    text: '',
  } as const;
  return { ...state, screen: { type: 'prompt', view } };
}

/** Nothing was chosen: at the start that means a new thread, and a project that is not trusted. */
function onClosed(state: State, view: PickerView): Step {
  if (view.purpose.type === 'connect') return onChosen(state, view, { id: 'quit', label: '', detail: '' });
  const { connect = null } = state.setup ?? {};
  if (connect !== null) return askedToConnect(state, connect);
  if (view.purpose.type === 'trust') return onChosen(state, view, { id: 'untrusted', label: '', detail: '' });
  return isStart(state) ? onChosen(state, view, { id: 'new', label: '', detail: '' }) : only(state);
}

function shown(state: State, view: PickerView): State {
  return { ...state, screen: { type: 'picker', view } };
}

export function modePicker({ thread, setup }: State): PickerView {
  const list = setup === null ? [] : modes(setup.workspacePolicy);
  const current = thread === null ? null : modeOf(thread.settings);
  const items = list.map(({ name, summary }) => ({
    id: name,
    label: name,
    detail: summary,
    isCurrent: name === current,
  }));
  return picker({ type: 'mode' }, 'What may the agent do?', items, {
    note: 'For this session. Shift-Tab changes it too.',
  });
}

/** What the user wrote before, newest first, with a search. */
export function historyPicker({ composer }: State): PickerView {
  const items = composer.history.map(
    (atoms, index): PickItem => ({ id: String(index), label: visibleText(atoms), detail: '' }),
  );
  return picker({ type: 'history' }, 'Search what you wrote', items.reverse(), { query: '' });
}

/** The user's messages of this thread, newest first. */
export function backtrackPicker({ thread }: State): PickerView {
  const items = (thread?.messages ?? []).map(
    (text, index): PickItem => ({ id: String(index), label: text, detail: '' }),
  );
  const note = 'The thread is forked before the message, which can then be changed. Files stay as they are.';
  return picker({ type: 'backtrack' }, 'Edit an earlier message', items.reverse(), { note });
}
