import { modes, type ThreadOrigin, type ThreadQuery, type ThreadSummary } from '../../../engine/threads/index.ts';
import type { ReviewTarget } from '../../../foundation/protocol/index.ts';
import { assertNever } from '../../../foundation/util/index.ts';
import { draftOf, recalledAt, withDraft } from '../composer/index.ts';
import type { Candidate } from '../message.ts';
import type { State } from '../state.ts';
import { type PickerView, type PickItem, picker, type RenamedThread, type TextPrompt } from '../views/index.ts';
import { onConnectChoice, onKey, onLocalModel } from './connecting.ts';
import { opening } from './opening.ts';
import { withTheme } from './outside.ts';
import { onEffort, onModelChosen, withEfforts, withSettings } from './settings.ts';
import { andThen, only, type Step, step, withNotice } from './step.ts';

/** The list of threads, which is read from its first page. */
export function threadPicker(state: State, verb: 'resume' | 'fork'): Step {
  const title = verb === 'resume' ? 'Continue a thread' : 'Fork a thread';
  return listing(state, picker({ type: verb }, title, [], { query: '', isLoading: true }));
}

/** Reads the first page of threads again. */
export function listing(state: State, view: PickerView): Step {
  const shown: State = { ...state, screen: { type: 'picker', view: { ...view, isLoading: true } } };
  return step(shown, { type: 'listThreads', query: threadQuery(state, view) });
}

/** Threads of a page. */
const PAGE = 50;

/** What a choice does. The list is off the screen already. */
export function onChosen(state: State, { purpose }: PickerView, { id, detail }: PickItem): Step {
  switch (purpose.type) {
    case 'resume':
    case 'fork': {
      if (id === 'new') return opening(state, { type: 'new' });
      const origin: ThreadOrigin =
        purpose.type === 'resume' ? { type: 'resume', id } : { type: 'fork', id, userMessages: null };
      return opening(state, origin);
    }
    case 'model':
      return onModelChosen(state, id);
    case 'effort':
      return onEffort(state, purpose, id);
    case 'mode':
      if (id === 'full access') return only({ ...state, screen: { type: 'picker', view: fullAccessPicker() } });
      return withMode(state, id);
    case 'fullAccess':
      return id === 'yes' ? withMode(state, 'full access') : only(state);
    case 'theme':
      return withTheme(state, id);
    case 'review':
      return onReviewKind(state, id);
    case 'reviewBranch':
      return withReview(state, { type: 'baseBranch', branch: id });
    case 'reviewCommit':
      return withReview(state, { type: 'commit', sha: id, title: detail });
    case 'history':
      return only({ ...state, composer: recalledAt(state.composer, Number(id)) });
    case 'backtrack':
      return withBacktrack(state, Number(id));
    case 'trust': {
      const folder = state.setup?.trustQuestion?.folder;
      const level = id === 'trusted' ? 'trusted' : 'untrusted';
      return folder === undefined ? only(state) : step(state, { type: 'trust', folder, level });
    }
    case 'connect':
      return onConnectChoice(state, id);
    case 'localModel':
      return onLocalModel(state, purpose.kind, id);
    default:
      return assertNever(purpose, 'purpose');
  }
}

export function onAnswered(state: State, purpose: TextPrompt['purpose'], text: string): Step {
  if (purpose === 'apiKey') return onKey(state, text);
  if (typeof purpose === 'object') {
    if (purpose.type === 'renamed') return renamed(state, purpose, text);
    return withEfforts(state, { type: 'effort', model: text, provider: purpose.provider });
  }
  if (purpose === 'reviewInstructions') return withReview(state, { type: 'custom', instructions: text });
  const { thread } = state;
  if (thread === null) return only(state);
  return step({ ...state, thread: { ...thread, name: text } }, { type: 'rename', threadId: thread.id, name: text });
}

function renamed(state: State, { threadId, verb }: RenamedThread, name: string): Step {
  const { thread } = state;
  const open = thread !== null && thread.id === threadId ? { ...thread, name } : thread;
  return andThen(step({ ...state, thread: open }, { type: 'rename', threadId, name }), (next) =>
    threadPicker(next, verb),
  );
}

function withMode(state: State, name: string): Step {
  const mode = modes(state.setup?.workspacePolicy ?? { mode: 'read-only' }).find((one) => one.name === name);
  if (mode === undefined) return only(state);
  const { approvalPolicy, sandboxPolicy, summary } = mode;
  return andThen(withSettings(state, { approvalPolicy, sandboxPolicy }), (next) =>
    only(withNotice(next, 'info', `Mode: ${mode.name}. It ${summary}.`)),
  );
}

/** Forks the thread before one of the user's messages and has that message edited. */
function withBacktrack(state: State, index: number): Step {
  const { thread } = state;
  const text = thread?.messages[index];
  if (thread === null || text === undefined) return only(state);
  const composer = withDraft(state.composer, draftOf(text));
  return opening({ ...state, composer }, { type: 'fork', id: thread.id, userMessages: index });
}

function onReviewKind(state: State, kind: string): Step {
  if (kind === 'uncommitted') return withReview(state, { type: 'uncommittedChanges' });
  if (kind === 'custom') {
    const view = { purpose: 'reviewInstructions', title: 'What should the reviewer look at?', text: '' } as const;
    return only({ ...state, screen: { type: 'prompt', view } });
  }
  const isBranch = kind === 'branch';
  const purpose = { type: isBranch ? 'reviewBranch' : 'reviewCommit' } as const;
  const title = isBranch ? 'Compare with which branch?' : 'Review which commit?';
  const view = picker(purpose, title, [], { query: '', isLoading: true });
  const read = { type: 'readReviewTargets', kind: isBranch ? 'branches' : 'commits' } as const;
  return step({ ...state, screen: { type: 'picker', view } }, read);
}

function withReview(state: State, target: ReviewTarget): Step {
  return step(state, { type: 'submit', op: { type: 'review', target } });
}

function fullAccessPicker(): PickerView {
  const items = [
    { id: 'no', label: 'No, go back', detail: '' },
    { id: 'yes', label: 'Yes, for this session', detail: 'no sandbox and no questions' },
  ];
  const note = 'Every command runs with all your rights: it can delete files, read keys and send them anywhere.';
  return picker({ type: 'fullAccess' }, 'Turn the sandbox and all questions off?', items, { note });
}

export function threadQuery(state: State, { query, isEverywhere }: PickerView): ThreadQuery {
  const cwd = state.thread?.settings.cwd ?? state.setup?.settings.cwd;
  return {
    limit: PAGE,
    ofUser: true,
    ...(query === null || query === '' ? {} : { search: query }),
    ...(isEverywhere || cwd === undefined ? {} : { cwd }),
  };
}

/** A thread as an entry of the list. */
export function threadItem(thread: ThreadSummary, nowMs: number): PickItem {
  const { id, name, preview, cwd, updatedAt, createdAt, turnCount, model, gitBranch } = thread;
  const facts = [
    `${turnCount} ${turnCount === 1 ? 'turn' : 'turns'}`,
    ...(model === null ? [] : [model]),
    ...(gitBranch === null ? [] : [`on ${gitBranch}`]),
    `started ${ago(nowMs - createdAt)}`,
  ];
  return {
    id,
    label: name ?? preview,
    detail: `${ago(nowMs - updatedAt)}  ${cwd}`,
    preview: [facts.join(' · '), preview],
  };
}

function ago(ms: number): string {
  const units = [
    ['day', 86_400_000],
    ['hour', 3_600_000],
    ['minute', 60_000],
  ] as const;
  for (const [unit, size] of units) {
    const count = Math.floor(ms / size);
    if (count > 0) return `${count} ${unit}${count === 1 ? '' : 's'} ago`;
  }
  return 'just now';
}

/** Branches or commits have been read for the list that waits for them. */
export function withReviewTargets(state: State, candidates: readonly Candidate[]): State {
  if (state.screen?.type !== 'picker' || !state.screen.view.isLoading) return state;
  const items = candidates.map(({ text, detail }) => ({ id: text, label: text, detail }));
  return { ...state, screen: { type: 'picker', view: { ...state.screen.view, items, isLoading: false } } };
}
