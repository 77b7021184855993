import type { FoundServer, MissingModel } from '../message.ts';
import type { State } from '../state.ts';
import { type PickItem, picker } from '../views/index.ts';
import { only, type Step, step } from './step.ts';

const DEFAULT_MODEL = 'default';

/** Asks how keel is to reach a model. Servers on this machine join the list when they are found. */
export function askedToConnect(state: State, { reason, takesKey }: MissingModel): Step {
  const key = { id: 'key', label: 'Enter an API key', detail: 'kept in keel’s home, readable by you only' };
  const view = picker({ type: 'connect' }, 'How should keel reach a model?', [...(takesKey ? [key] : []), ...OTHERS], {
    note: reason,
  });
  return step({ ...state, screen: { type: 'picker', view } }, { type: 'findServers' });
}

const OTHERS: readonly PickItem[] = [
  { id: 'demo', label: 'Try the demo', detail: 'a scripted model on a small project: no key, no network' },
  { id: 'quit', label: 'Quit', detail: '' },
];

/** Servers that run here come before the demo. */
export function withServers(state: State, servers: readonly FoundServer[]): State {
  if (state.screen?.type !== 'picker' || state.screen.view.purpose.type !== 'connect') return state;
  const { view } = state.screen;
  const found = servers.map(({ kind, name, models }) => ({
    id: kind,
    label: `Use ${name} on this machine`,
    detail: models.length === 0 ? 'it has no model yet: one is fetched' : `${models.length} models`,
  }));
  const others = view.items.filter(({ id }) => OTHERS.some((item) => item.id === id));
  const key = view.items.filter(({ id }) => id === 'key');
  // What is selected stays so.
  const selected = view.selected < key.length ? view.selected : view.selected + found.length;
  return {
    ...state,
    servers,
    screen: { type: 'picker', view: { ...view, items: [...key, ...found, ...others], selected } },
  };
}

export function onConnectChoice(state: State, id: string): Step {
  switch (id) {
    case 'key': {
      const title = 'Paste or type the key. It is not shown.';
      return only({ ...state, screen: { type: 'prompt', view: { purpose: 'apiKey', title, text: '' } } });
    }
    case 'demo':
      return step({ ...state, isClosing: true }, { type: 'startDemo' });
    case 'ollama':
    case 'lmstudio': {
      const models = state.servers.find(({ kind }) => kind === id)?.models ?? [];
      if (models.length === 0) return step(state, { type: 'useServer', kind: id, model: null });
      const usual = { id: DEFAULT_MODEL, label: 'The usual one', detail: 'fetched if it is missing' };
      const items = [...models.map((model) => ({ id: model, label: model, detail: '' })), usual];
      return only({
        ...state,
        screen: { type: 'picker', view: picker({ type: 'localModel', kind: id }, 'Which model?', items) },
      });
    }
    default:
      return step({ ...state, isClosing: true }, { type: 'exit', code: 0 });
  }
}

export function onLocalModel(state: State, kind: FoundServer['kind'], id: string): Step {
  return step(state, { type: 'useServer', kind, model: id === DEFAULT_MODEL ? null : id });
}

export function onKey(state: State, text: string): Step {
  const key = text.trim();
  return key === '' ? only(state) : step(state, { type: 'storeKey', key });
}
