import type { ReasoningEffort, SettingsUpdate } from '../../../foundation/protocol/index.ts';
import type { Message, OtherModel, ThreadSettings } from '../message.ts';
import type { State } from '../state.ts';
import { type ModelPurpose, type PickerView, type PickItem, picker } from '../views/index.ts';
import { opening } from './opening.ts';
import { only, type Step, step, withHint, withNotice } from './step.ts';

/** What is offered for a model of which keel knows no efforts. */
const USUAL_EFFORTS: readonly string[] = ['minimal', 'low', 'medium', 'high', 'xhigh'];
/** A list with more entries than digits is searched. */
const MOST_BY_DIGIT = 9;

const NOT_OPEN = 'The model stays: its thread is not open now. Use /model again when it is.';

type ReadyProvider = Extract<Message, { type: 'providerReady' }>;

/** Other settings for later turns of the thread. */
export function withSettings(state: State, change: Partial<ThreadSettings>): Step {
  const { thread } = state;
  if (thread === null) return only(state);
  const settings = { ...thread.settings, ...change };
  const update: SettingsUpdate = change;
  const op = { type: 'overrideTurnContext', settings: update } as const;
  return step({ ...state, thread: { ...thread, settings } }, { type: 'submit', op });
}

export function onModel(state: State, argument: string): Step {
  const [model, effort] = argument.split(/\s+/);
  if (model !== undefined && model !== '') return withModel(state, model, effort ?? null);
  const current = state.thread?.settings.model ?? '';
  const models = [...new Set([current, ...(state.setup?.models ?? []).map(({ name }) => name)])];
  const items = models.map((id) => ({ id, label: id, detail: '', isCurrent: id === current }));
  const note = 'Any other model of the provider: /model NAME';
  // Only a recorded thread can be opened again, with another provider.
  const isLoading = typeof state.thread?.rolloutPath === 'string';
  const view = picker({ type: 'model' }, 'Which model?', items, { note, isLoading, query: queryFor(items) });
  const shown: State = { ...state, screen: { type: 'picker', view } };
  return isLoading ? step(shown, { type: 'readOtherModels' }) : only(shown);
}

function queryFor(items: readonly PickItem[]): string | null {
  return items.length > MOST_BY_DIGIT ? '' : null;
}

/** Models of other providers join the list that waits for them, behind its own. */
export function withOtherModels(state: State, models: readonly OtherModel[]): State {
  const { screen } = state;
  if (screen?.type !== 'picker' || screen.view.purpose.type !== 'model' || !screen.view.isLoading) return state;
  const items = [...screen.view.items, ...models.map(otherItem)];
  const view = { ...screen.view, items, query: screen.view.query ?? queryFor(items), isLoading: false };
  return { ...state, otherModels: models, screen: { type: 'picker', view } };
}

function otherItem({ provider, name }: OtherModel): PickItem {
  const id = `${provider.id}\n${name ?? ''}`;
  return name === null
    ? { id, label: `A model of ${provider.label}`, detail: 'you write its name' }
    : { id, label: name, detail: provider.label };
}

export function onModelChosen(state: State, id: string): Step {
  const other = state.otherModels.find((one) => otherItem(one).id === id);
  if (other === undefined) return withEfforts(state, { type: 'effort', model: id, provider: null });
  const { name, provider } = other;
  if (name !== null) return withEfforts(state, { type: 'effort', model: name, provider: provider.id });
  const purpose = { type: 'modelName', provider: provider.id } as const;
  return only({
    ...state,
    screen: { type: 'prompt', view: { purpose, title: `Which model of ${provider.label}?`, text: '' } },
  });
}

export function withEfforts(state: State, purpose: ModelPurpose): Step {
  return only({ ...state, screen: { type: 'picker', view: effortPicker(state, purpose) } });
}

function effortPicker({ thread, setup, otherModels }: State, purpose: ModelPurpose): PickerView {
  const { model, provider } = purpose;
  const isInUse = provider === null && thread?.settings.model === model;
  const current = isInUse ? (thread?.settings.effort ?? 'default') : 'default';
  const known =
    provider === null
      ? setup?.models.find(({ name }) => name === model)
      : otherModels.find((other) => other.name === model && other.provider.id === provider);
  const items = ['default', ...(known?.efforts ?? USUAL_EFFORTS)].map((effort) => ({
    id: effort,
    label: effort,
    detail: '',
    isCurrent: effort === current,
  }));
  return picker(purpose, `How much should ${model} think?`, items);
}

export function onEffort(state: State, { model, provider }: ModelPurpose, id: string): Step {
  const effort = id === 'default' ? null : id;
  if (provider === null) return withModel(state, model, effort);
  if (state.thread === null) return only(withNotice(state, 'error', NOT_OPEN));
  return step(withHint(state, `Opening the thread with ${model}…`), {
    type: 'prepareProvider',
    threadId: state.thread.id,
    choice: { provider, model },
    effort,
  });
}

export function withModel(state: State, model: string, effort: ReasoningEffort | null): Step {
  const next = withSettings(state, { model, effort });
  const noted = withNotice(next.state, 'info', `Model: ${named(model, effort)}, from the next turn on.`);
  return { state: noted, effects: [...next.effects, { type: 'keep', setting: { type: 'model', model, effort } }] };
}

/** Another provider is ready: the thread that asked for it continues with it, unless a turn was started or another thread opened. */
export function withProvider(state: State, { threadId, setup, model, effort }: ReadyProvider): Step {
  const { thread, turn, outbox } = state;
  if (thread?.id !== threadId) return only(withNotice(state, 'error', NOT_OPEN));
  if (turn !== null || outbox.some(({ status }) => status === 'sent')) {
    return only(withNotice(state, 'error', 'A turn runs: it keeps its model. Use /model again when it has ended.'));
  }
  const ready = { ...state, setup };
  const noted = withNotice(
    ready,
    'info',
    `Model: ${named(model, effort)} of ${setup.provider}, from the next turn on.`,
  );
  const settings = { ...thread.settings, model, effort };
  const next = opening({ ...noted, thread: { ...thread, settings } }, { type: 'resume', id: thread.id });
  const keep = { type: 'keep', setting: { type: 'model', model, effort } } as const;
  // A list closes: what is chosen in it would reach no thread. What is only read stays.
  const shown = { ...next.state, screen: state.screen?.type === 'pager' ? state.screen : null };
  return { state: shown, effects: [{ type: 'takeProvider' }, ...next.effects, keep] };
}

function named(model: string, effort: ReasoningEffort | null): string {
  return effort === null ? model : `${model} (${effort})`;
}
