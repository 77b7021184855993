import { markInvisible } from '../../text/index.ts';
import type { FoundServer, MissingModel, TrustQuestion } from '../message.ts';
import type { State } from '../state.ts';
import type { Size } from '../terminal/index.ts';
import { cutTo, oneLine } from '../transcript/index.ts';
import { type PickerView, type PickItem, picker } from '../views/index.ts';
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
    detail: modelCount(models.length),
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

function modelCount(count: number): string {
  if (count === 0) return 'it has no model yet: one is fetched';
  return count === 1 ? '1 model' : `${count} models`;
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

/** Rows of a list at most, and those of the question about trust without the commands that it lists. */
const LIST_ROWS = 24;
const ROWS_AROUND = 16;

/** Asks whether a folder is trusted, with what a yes would have count and run. */
export function trustPicker({ folder, counts, runs, fault, mayWrite }: TrustQuestion, size: Size): PickerView {
  const items = [
    { id: 'trusted', label: 'Yes, I trust it', detail: 'its settings, AGENTS.md and skills count' },
    { id: 'untrusted', label: 'No', detail: 'none of that counts; the agent can still read the files' },
  ];
  const found =
    counts.length === 0
      ? 'Nothing in it would count now; what is added later would.'
      : `What would count: ${counts.join(', ')}.`;
  const access = mayWrite ? ['The agent could then change its files without asking.'] : [];
  const commands =
    fault === null
      ? runLines(runs, size)
      : [`Its configuration can't be read, so keel does not know which commands it asks to run: ${oneLine(fault)}`];
  const note = [found, ...access, ...commands].join('\n');
  const title = `Do you trust what is in ${markInvisible(oneLine(folder))}?`;
  return picker({ type: 'trust' }, title, items, { note, selected: 1 });
}

/** As many of the commands as there is room for: the answers have to stay on the screen. */
function runLines(runs: readonly string[], { columns, rows }: Size): string[] {
  if (runs.length === 0) return ['It has no hooks and no MCP servers: a yes runs no command.'];
  const shown = runs.slice(0, Math.max(1, Math.min(rows, LIST_ROWS) - ROWS_AROUND));
  const more = runs.length - shown.length;
  return [
    'It asks to run these commands. A yes lets you accept each: `keel hooks trust`, `keel mcp trust`.',
    ...shown.map((line) => cutWithMark(`  ${markInvisible(oneLine(line))}`, columns)),
    ...(more === 0 ? [] : [`  and ${more} more: \`keel hooks\`, \`keel mcp list\``]),
  ];
}

/** A cut command is never taken for a whole one. */
function cutWithMark(text: string, width: number): string {
  const cut = cutTo(text, width);
  return cut === text ? text : `${cutTo(text, width - 1)}…`;
}
