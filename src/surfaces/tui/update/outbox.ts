import type { UserInput } from '../../../foundation/protocol/index.ts';
import { type Atom, draftOf, imagesIn, isBlank, remembered, sentText, withDraft } from '../composer/index.ts';
import type { OutMessage, State } from '../state.ts';
import { only, type Step, step } from './step.ts';

/** Sends a message, or has it wait: for the thread to open, or as the user chose for the end of the turn. */
export function withMessage(state: State, atoms: readonly Atom[], how: 'steer' | 'queue'): Step {
  const id = `${state.idPrefix}-${state.nextId}`;
  const isQueued = state.thread === null || (how === 'queue' && state.turn !== null);
  const isNew = state.thread === null ? ({ isNew: true } as const) : {};
  const message: OutMessage = { id, atoms, status: isQueued ? 'queued' : 'sent', ...isNew };
  const next: State = {
    ...state,
    nextId: state.nextId + 1,
    composer: remembered(state.composer, atoms),
    outbox: [...state.outbox, message],
    isQueuePaused: isQueued && state.isQueuePaused,
  };
  if (state.thread === null) return only(next);
  if (isQueued) return step(next, inHistory(atoms));
  return step(next, { type: 'submit', op: { type: 'userInput', items: inputOf(atoms) }, id }, inHistory(atoms));
}

/** Sends the first message that waits in the queue; nothing happens if none does. */
export function withNextQueued(state: State): Step {
  const message = state.outbox.find(({ status }) => status === 'queued');
  if (message === undefined || state.thread === null) return only(state);
  const outbox = state.outbox.map((one) => (one === message ? { ...one, status: 'sent' as const } : one));
  const items = inputOf(message.atoms);
  return step(
    { ...state, outbox, isQueuePaused: false },
    { type: 'submit', op: { type: 'userInput', items }, id: message.id },
    ...(message.isNew ? [inHistory(message.atoms)] : []),
  );
}

/** The model has taken in the oldest message that was sent. */
export function withDelivered(state: State): State {
  const at = state.outbox.findIndex(({ status }) => status === 'sent');
  return at === -1 ? state : { ...state, outbox: state.outbox.toSpliced(at, 1) };
}

/** Messages that were sent and not taken in come back into the draft, before what is written there. */
export function withReturned(state: State, ids: readonly string[]): State {
  const returned = state.outbox.filter(({ id }) => ids.includes(id));
  if (returned.length === 0) return state;
  const { draft } = state.composer;
  const texts = returned.map(({ atoms }) => atoms);
  const parts = isBlank(draft.atoms) && imagesIn(draft.atoms).length === 0 ? texts : [...texts, draft.atoms];
  const atoms = parts.flatMap((part, index) => (index === 0 ? part : ['\n', ...part]));
  return {
    ...state,
    outbox: state.outbox.filter(({ id }) => !ids.includes(id)),
    composer: withDraft(state.composer, { atoms, cursor: atoms.length }),
  };
}

/** Takes the newest queued message, or the one before the one that is being edited, into the composer. */
export function editingQueued(state: State): State {
  const queued = state.outbox.filter(({ status }) => status === 'queued');
  const at = state.editing === null ? queued.length - 1 : state.editing - 1;
  const message = queued[at];
  if (message === undefined) return state;
  const { draft } = state.composer;
  // A draft of its own waits in the history meanwhile.
  const kept =
    state.editing === null && !isBlank(draft.atoms) ? remembered(state.composer, draft.atoms) : state.composer;
  const composer = withDraft(kept, { atoms: message.atoms, cursor: message.atoms.length });
  return { ...state, composer, editing: at };
}

/** Puts the edited message back in its place; an empty one leaves the queue. */
export function withEdited(state: State, atoms: readonly Atom[]): State {
  const queued = state.outbox.filter(({ status }) => status === 'queued');
  const message = queued[state.editing ?? -1];
  const isEmpty = isBlank(atoms) && imagesIn(atoms).length === 0;
  const isSame = message !== undefined && sentText(message.atoms) === sentText(atoms);
  const edited = isSame ? { atoms } : ({ atoms, isNew: true } as const);
  const outbox = state.outbox.flatMap((one) => (one !== message ? one : isEmpty ? [] : { ...one, ...edited }));
  const composer = isEmpty || isSame ? state.composer : remembered(state.composer, atoms);
  return { ...state, outbox, editing: null, composer: withDraft(composer, draftOf('')) };
}

/** Moves the message that is being edited, or the newest one, to an earlier or later place in the queue. */
export function withMoved(state: State, by: -1 | 1): State {
  const places = state.outbox.flatMap(({ status }, at) => (status === 'queued' ? at : []));
  const from = state.editing ?? places.length - 1;
  const to = from + by;
  const [a, b] = [places[from], places[to]];
  const [one, other] = [a === undefined ? a : state.outbox[a], b === undefined ? b : state.outbox[b]];
  if (a === undefined || b === undefined || one === undefined || other === undefined) return state;
  const outbox = state.outbox.with(a, other).with(b, one);
  return { ...state, outbox, editing: state.editing === null ? null : to };
}

/** What was written can be recalled in later threads. */
function inHistory(atoms: readonly Atom[]) {
  return { type: 'submit', op: { type: 'addToHistory', text: sentText(atoms) } } as const;
}

function inputOf(atoms: readonly Atom[]): UserInput[] {
  const images = imagesIn(atoms).map(({ path }): UserInput => ({ type: 'localImage', path }));
  return [...images, { type: 'text', text: sentText(atoms) }];
}
