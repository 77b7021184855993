import type { Turn } from '../../../foundation/protocol/index.ts';
import { assertNever } from '../../../foundation/util/index.ts';
import { INIT_PROMPT } from '../../prompts/index.ts';
import {
  atomsOf,
  type Composer,
  isBlank,
  remembered,
  VIM_INSERT,
  withDraft,
  withEarlier,
  withImage,
  withPastedImage,
} from '../composer/index.ts';
import type { Message, SavedDraft, Setup } from '../message.ts';
import type { State } from '../state.ts';
import { entriesBefore, withoutOld } from '../transcript/index.ts';
import { skillsCard } from './cards/cards.ts';
import { reportCard } from './cards/report-cards.ts';
import { threadItem, threadPicker, withReviewTargets } from './chosen.ts';
import { withCompletion, withFiles } from './completing.ts';
import { withEditedText } from './composing.ts';
import { askedToConnect, trustPicker, withServers } from './connecting.ts';
import { onInput } from './keys.ts';
import { onLine } from './lines.ts';
import { onSession } from './on-session.ts';
import { withMessage } from './outbox.ts';
import { withOtherModels, withProvider } from './settings.ts';
import { only, type Step, step, withNotice, withPager } from './step.ts';

/** The state after a message, and the effects it asks for: the whole behaviour of the terminal. */
export function update(state: State, message: Message): Step {
  switch (message.type) {
    case 'input':
      return state.isClosing ? only(state) : onInput(state, message);
    case 'resized':
      return only({ ...state, size: message.size });
    case 'painted':
      return only(withPainted(state, message.at));
    case 'committed':
      return only({ ...state, transcript: withoutOld(state.transcript, message.entries) });
    case 'tick':
      return only(withTime(state, message.at));
    case 'line':
      return onLine(state, message.line, message.at);
    case 'pagerClosed':
      return only({ ...state, screen: null });
    case 'setUp':
      return onSetUp(state, message.setup);
    case 'choose':
      return threadPicker(state, message.verb);
    case 'opens':
      return only({
        ...state,
        opening: { settings: message.settings, changes: message.changes, shown: state.opening?.shown ?? null },
      });
    case 'session':
      return onSession({ ...state, now: message.at }, message.event, message.at);
    case 'failed':
      return only(withNotice(state, 'error', message.reason));
    case 'succeeded':
      return only(withNotice(state, 'success', message.text));
    case 'historyRead':
      return only({ ...state, composer: withEarlier(state.composer, message.texts) });
    case 'named': {
      const { thread } = state;
      return only(thread?.id === message.threadId ? { ...state, thread: { ...thread, name: message.name } } : state);
    }
    case 'branchRead':
      return only({ ...state, branch: message.branch });
    case 'filesFound':
      return only(withFiles(state, message.query, message.files));
    case 'skillsRead': {
      const next = { ...state, skills: message.skills, wantsSkills: false };
      return state.wantsSkills ? only(skillsCard(next, message.skills)) : withCompletion(next);
    }
    case 'serverPromptsRead':
      // What the list asks for was just read: where nothing matches it would be asked for for ever.
      return only(withCompletion({ ...state, serverPrompts: message.prompts }).state);
    case 'serverPromptFilled':
      return withMessage(state, atomsOf(message.text.trim()), 'steer');
    case 'promptsRead':
      return only({ ...state, prompts: message.prompts });
    case 'threadsListed':
      return only(withThreads(state, message));
    case 'reviewTargetsRead':
      return only(withReviewTargets(state, message.candidates));
    case 'edited':
      return withCompletion(withEditedText(state, message.text));
    case 'serversFound':
      return only(withServers(state, message.servers));
    case 'otherModelsRead':
      return only(withOtherModels(state, message.models));
    case 'providerReady':
      return withProvider(state, message);
    case 'imagePasted':
      return only({ ...state, composer: withImage(state.composer, message.path) });
    case 'imageFound':
      return only({ ...state, composer: withPastedImage(state.composer, message.path, message.text) });
    case 'initChecked':
      return message.hasAgentsFile
        ? only(withNotice(state, 'info', 'There is an AGENTS.md here already: nothing was sent.'))
        : withMessage(state, atomsOf(INIT_PROMPT), 'steer');
    case 'statusLineRead':
      return only({ ...state, statusText: message.text });
    case 'diffRead':
      return only(withDiff(state, message.text));
    case 'turnsRead':
      return only(withEarlierEntries(state, message.threadId, message.turns));
    case 'reportRead':
      return only(reportCard(state, message.report));
    case 'textRead':
      return only(withPager(state, { type: 'text', title: message.title, text: message.text }));
    case 'draftRestored':
      return only(withSaved(state, message.draft));
    case 'stop':
      return step({ ...state, isClosing: true }, { type: 'exit', code: message.code });
    default:
      return assertNever(message, 'message');
  }
}

/** The dialog in front has been on the screen from now on. */
function withPainted(state: State, at: number): State {
  const [dialog] = state.approvals;
  if (dialog === undefined || dialog.paintedAt !== null) return state;
  return { ...state, approvals: state.approvals.with(0, { ...dialog, paintedAt: at }) };
}

function withTime(state: State, at: number): State {
  const hint = state.hint !== null && at > state.hint.until ? null : state.hint;
  return { ...state, now: at, hint };
}

function onSetUp(state: State, setup: Setup): Step {
  const vim = setup.hasVim ? (state.vim ?? VIM_INSERT) : null;
  const ready: State = { ...state, setup, keymap: setup.keymap, vim };
  const shown = state.setup?.warnings ?? [];
  const warnings = setup.warnings.filter((warning) => !shown.includes(warning));
  const warned = warnings.reduce((next, warning) => withNotice(next, 'warning', warning), ready);
  if (setup.connect !== null) return askedToConnect(warned, setup.connect);
  if (setup.trustQuestion === null) return only(warned);
  const view = trustPicker(setup.trustQuestion, state.size);
  return only({ ...warned, screen: { type: 'picker', view } });
}

/** A page of threads joins the list that asked for it; one that answers an older search is dropped. */
function withThreads(state: State, { query, page }: Extract<Message, { type: 'threadsListed' }>): State {
  if (state.screen?.type !== 'picker') return state;
  const { view } = state.screen;
  if ((view.query ?? '') !== (query.search ?? '') || view.isEverywhere !== (query.cwd === undefined)) return state;
  const added = page.threads.map((thread) => threadItem(thread, page.nowMs));
  const items = query.cursor === undefined ? added : [...view.items, ...added];
  return {
    ...state,
    screen: { type: 'picker', view: { ...view, items, isLoading: false, nextCursor: page.nextCursor } },
  };
}

/** The transcript in the pager begins where the thread begins. */
function withEarlierEntries(state: State, threadId: string, turns: readonly Turn[]): State {
  const { screen, thread, transcript } = state;
  if (screen?.type !== 'pager' || screen.view.content.type !== 'transcript' || thread?.id !== threadId) return state;
  const content = { type: 'transcript', earlier: entriesBefore(transcript.past, turns) } as const;
  return { ...state, screen: { type: 'pager', view: { ...screen.view, content } } };
}

function withDiff(state: State, text: string): State {
  if (text.trim() === '') return withNotice(state, 'info', 'There are no changes.');
  return withPager(state, { type: 'diff', text });
}

/**
 * What an earlier keel that was killed had in its composer and queue. Nothing that is written already is replaced: then the
 * earlier draft is in the history.
 */
function withSaved(state: State, { draft, queue }: SavedDraft): State {
  const outbox = queue.map((one, index) => ({
    id: `${state.idPrefix}-restored-${index}`,
    atoms: one,
    status: 'queued' as const,
  }));
  const isQueuePaused = state.isQueuePaused || outbox.length > 0;
  const composer = withSavedDraft(state.composer, draft);
  return { ...state, composer, outbox: [...outbox, ...state.outbox], isQueuePaused };
}

function withSavedDraft(composer: Composer, draft: SavedDraft['draft']): Composer {
  if (isBlank(composer.draft.atoms)) return withDraft(composer, { atoms: draft, cursor: draft.length });
  return isBlank(draft) ? composer : remembered(composer, draft);
}
