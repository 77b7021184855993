import type { State } from '../state.ts';
import { withEntry } from '../transcript/index.ts';
import { withNotice } from './step.ts';

/** Shows the newest answer as the model wrote it, Markdown and all: to copy it by hand, or to see what a rendering hides. */
export function withSource(state: State): State {
  const { lastAnswer } = state;
  if (lastAnswer === null) return withNotice(state, 'info', 'There is no answer yet.');
  const entry = { type: 'text', title: 'Source of the last answer', text: lastAnswer, form: 'plain' } as const;
  const { gone, past, open } = state.transcript;
  // What is open may take long: the source comes before it.
  if (open.length > 0) return { ...state, transcript: { gone, past: [...past, entry], open } };
  return { ...state, transcript: withEntry(state.transcript, entry) };
}
