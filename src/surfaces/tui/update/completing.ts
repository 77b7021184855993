import { promptSummary, typedPrompts } from '../../prompts/index.ts';
import { fuzzyMatch } from '../../text/index.ts';
import { SLASH_COMMANDS } from '../commands/index.ts';
import { completedToken, tokenAt, visibleText, withDraft, withImage } from '../composer/index.ts';
import type { Candidate } from '../message.ts';
import type { Completion, State } from '../state.ts';

import { only, type Step, step } from './step.ts';

const MAX_CANDIDATES = 50;
const IMAGE = /\.(?:png|jpe?g)$/i;

/** Opens, narrows or closes the list under the composer, as the word under the cursor says. */
export function withCompletion(state: State): Step {
  const token = tokenAt(state.composer.draft);
  const isShell = state.composer.draft.atoms[0] === '!';
  if (token === null || (isShell && token.kind !== 'file') || isInCommandArgument(state, token.kind)) {
    return only({ ...state, completion: null, dismissed: null });
  }
  const { kind, text: query } = token;
  if (state.dismissed === query) return only({ ...state, completion: null });
  const known = state.completion?.kind === kind ? state.completion : null;
  const base = { kind, query, selected: 0 };
  if (kind === 'file') {
    // Earlier results stay while new ones are looked for.
    const completion: Completion = { ...base, candidates: known?.candidates ?? [], isLoading: query !== '' };
    const next = { ...state, completion, dismissed: null };
    return query === ''
      ? only({ ...next, completion: { ...completion, candidates: [] } })
      : step(next, { type: 'findFiles', query });
  }
  if (kind === 'skill' && state.skills === null) {
    const completion: Completion = { ...base, candidates: [], isLoading: true };
    return step({ ...state, completion, dismissed: null }, { type: 'readSkills' });
  }
  const all = kind === 'skill' ? (state.skills ?? []) : commandCandidates(state);
  const candidates = matching(all, query);
  const completion = candidates.length === 0 ? null : { ...base, candidates, isLoading: false };
  const next = { ...state, completion, dismissed: null };
  // Servers may have started since the list was open last.
  return kind === 'command' && known === null ? step(next, { type: 'readServerPrompts' }) : only(next);
}

/** Files were found; results for another query than the one on the screen are dropped. */
export function withFiles(state: State, query: string, files: readonly Candidate[]): State {
  const { completion } = state;
  if (completion?.kind !== 'file' || completion.query !== query) return state;
  return { ...state, completion: { ...completion, candidates: files, isLoading: false, selected: 0 } };
}

/** Puts the selected entry in the place of the word. */
export function withChosenCandidate(state: State): State {
  const { completion, composer } = state;
  const candidate = completion?.candidates[completion.selected];
  const token = tokenAt(composer.draft);
  if (completion === null || candidate === undefined || token === null) return { ...state, completion: null };
  const { text } = candidate;
  const closed = { ...state, completion: null, dismissed: null };
  if (completion.kind === 'command') {
    return { ...closed, composer: withDraft(composer, completedToken(composer.draft, token, `/${text} `)) };
  }
  if (completion.kind === 'skill') {
    return { ...closed, composer: withDraft(composer, completedToken(composer.draft, token, `$${text} `)) };
  }
  if (IMAGE.test(text)) {
    const without = withDraft(composer, completedToken(composer.draft, token, ''));
    const cwd = state.thread?.settings.cwd ?? '';
    return { ...closed, composer: withImage(without, `${cwd}/${text}`) };
  }
  const path = /\s/.test(text) ? `"${text}"` : text;
  return { ...closed, composer: withDraft(composer, completedToken(composer.draft, token, `${path} `)) };
}

/** Best first; without a query as they are declared. */
function matching(candidates: readonly Candidate[], query: string): readonly Candidate[] {
  if (query === '') return candidates.slice(0, MAX_CANDIDATES);
  return candidates
    .flatMap((candidate) => {
      const match = fuzzyMatch(query, candidate.text);
      return match === null ? [] : [{ candidate, score: match.score }];
    })
    .sort((a, b) => b.score - a.score || (a.candidate.text < b.candidate.text ? -1 : 1))
    .slice(0, MAX_CANDIDATES)
    .map(({ candidate }) => candidate);
}

function commandCandidates({ prompts, serverPrompts }: State): Candidate[] {
  const commands = SLASH_COMMANDS.map(({ name, summary }) => ({ text: name, detail: summary }));
  const own = prompts.map(({ name, description, argumentHint }) => ({
    text: `prompts:${name}`,
    detail: description === '' ? argumentHint : description,
  }));
  const ofServers = [...typedPrompts(serverPrompts)].map(([text, prompt]) => ({ text, detail: promptSummary(prompt) }));
  return [...commands, ...own, ...ofServers];
}

/** A skill's name after a command's would complete what is only an argument. */
function isInCommandArgument({ composer }: State, kind: Completion['kind']): boolean {
  return kind === 'skill' && visibleText(composer.draft.atoms.slice(0, 1)) === '/';
}
