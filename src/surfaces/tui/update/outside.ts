import { THEME_NAMES, type ThemeName } from '../../text/index.ts';
import type { State } from '../state.ts';
import { picker } from '../views/index.ts';
import { only, type Step, step, withNotice } from './step.ts';

/** Writes the thread as a page: under its own id in its directory, if no file is named. */
export function onExport(state: State, argument: string): Step {
  const { thread } = state;
  if (thread === null) return only(state);
  if (thread.rolloutPath === null)
    return only(withNotice(state, 'error', 'This thread is not recorded, so it has no page.'));
  const file = argument === '' ? `keel-${thread.id}.html` : argument;
  if (!/\.(?:html|md)$/.test(file)) {
    return only(withNotice(state, 'error', `"${file}" ends in neither .html nor .md: /export FILE.html`));
  }
  return step(state, { type: 'export', threadId: thread.id, file });
}

/** Stops the commands that outlive their calls, or the one that is named. */
export function onStop(state: State, argument: string): Step {
  if (argument === '') return step(state, { type: 'stopCommands', id: null });
  if (!/^\d{1,9}$/.test(argument)) {
    return only(withNotice(state, 'error', `"${argument}" is not the number of a command: /ps shows them`));
  }
  return step(state, { type: 'stopCommands', id: Number(argument) });
}

export function onTheme(state: State, argument: string): Step {
  if (argument !== '') return withTheme(state, argument);
  const current = state.setup?.theme ?? 'auto';
  const items = THEME_NAMES.map((name) => ({
    id: name,
    label: name,
    detail: SUMMARIES[name],
    isCurrent: name === current,
  }));
  return only({ ...state, screen: { type: 'picker', view: picker({ type: 'theme' }, 'Which colours?', items) } });
}

const SUMMARIES: Readonly<Record<ThemeName, string>> = {
  auto: 'as the background of the terminal asks for',
  dark: 'for a dark background',
  light: 'for a light background',
  'colour-blind': 'blue and orange in place of green and red',
  'dark-colour-blind': 'the same for a dark background',
  'light-colour-blind': 'the same for a light background',
};

/** What is in the scrollback already keeps its colours. */
export function withTheme(state: State, wanted: string): Step {
  const theme = THEME_NAMES.find((name) => name === wanted);
  if (theme === undefined) {
    return only(withNotice(state, 'error', `There is no theme ${wanted}. There are: ${THEME_NAMES.join(', ')}.`));
  }
  const chosen = { ...state, setup: state.setup && { ...state.setup, theme } };
  return step(chosen, { type: 'setTheme', theme }, { type: 'keep', setting: { type: 'theme', theme } });
}
