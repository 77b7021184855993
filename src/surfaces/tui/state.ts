import type { ServerPrompt } from '../../engine/threads/index.ts';
import type { AgentState, RateLimitSnapshot, SessionEventOf, TokenUsageInfo } from '../../foundation/protocol/index.ts';
import type { CustomPrompt } from '../prompts/index.ts';
import { type Atom, atomsOf, type Composer, EMPTY_COMPOSER, type Vim } from './composer/index.ts';
import { DEFAULT_KEYMAP, type Keymap } from './keymap/index.ts';
import type { Candidate, FoundServer, OtherModel, Setup, ThreadSettings } from './message.ts';
import type { Size } from './terminal/index.ts';
import { EMPTY_TRANSCRIPT, type Transcript } from './transcript/index.ts';
import type { ApprovalView, PagerView, PickerView, TextPrompt } from './views/index.ts';

/** A message of the user's that is not yet part of the thread. */
export interface OutMessage {
  /** The id of its submission. */
  readonly id: string;
  readonly atoms: readonly Atom[];
  /** `sent`: the session has it, and hands it to the model with the next request. `queued`: waits for the end of the turn. */
  readonly status: 'sent' | 'queued';
  /** Its text is not in the history yet: there was no thread, or it was edited. */
  readonly isNew?: true;
}

/** The turn that runs. */
export interface RunningTurn {
  readonly id: string;
  readonly kind: SessionEventOf<'turn.started'>['taskKind'];
  readonly startedAt: number;
  /** What it is doing, from the model's own headings. */
  readonly header: string | null;
  /** Why nothing comes from the model, before the next retry; null: something has come since. */
  readonly wait: string | null;
  /** What hooks that run have to say, newest first. */
  readonly hooks: readonly { readonly id: string; readonly text: string }[];
  /** Time that was spent in dialogs, which does not count, ms. */
  readonly pausedMs: number;
  /** When the first open dialog came up; null: none is open. */
  readonly pausedSince: number | null;
  /** An interrupt was sent. */
  readonly isStopping: boolean;
}

/** The thread on the screen. */
export interface ThreadState {
  readonly id: string;
  readonly name: string | null;
  readonly settings: ThreadSettings;
  /** Null: the thread is not recorded. */
  readonly rolloutPath: string | null;
  /** What the user said in it, in order. */
  readonly messages: readonly string[];
}

/** A subagent of the thread, as the newest word about it says. */
export interface Subagent {
  /** Of its thread. */
  readonly id: string;
  /** Its role with a number; null: not known. */
  readonly name: string | null;
  readonly model: string | null;
  readonly status: AgentState['status'];
  /** What it was started with; null: not known. */
  readonly task: string | null;
  readonly message: string | null;
  /** Monotonic ms; null: before the thread was opened here. */
  readonly startedAt: number | null;
  readonly endedAt: number | null;
}

/** A thread that is being opened. */
export interface Opening {
  /** Null until they are known. */
  readonly settings: ThreadSettings | null;
  /** How its settings differ from those it had, a sentence each. */
  readonly changes: readonly string[];
  /** The thread that was on the screen before; null: none. Opened again, it is not shown again. */
  readonly shown: string | null;
}

/** A list under the composer that completes the word under the cursor. */
export interface Completion {
  readonly kind: 'command' | 'file' | 'skill';
  readonly query: string;
  readonly candidates: readonly Candidate[];
  readonly selected: number;
  /** Results for the query are on their way. */
  readonly isLoading: boolean;
}

/** What takes the place of the composer, or of the whole screen. */
export type Screen =
  | { readonly type: 'picker'; readonly view: PickerView }
  | { readonly type: 'prompt'; readonly view: TextPrompt }
  | { readonly type: 'pager'; readonly view: PagerView };

export interface State {
  readonly size: Size;
  /** Null until the configuration is read. */
  readonly setup: Setup | null;
  /** Null until a thread is open, and while another one is being opened. */
  readonly thread: ThreadState | null;
  readonly opening: Opening | null;
  readonly transcript: Transcript;
  readonly composer: Composer;
  readonly keymap: Keymap;
  /** Null: the keys are not vim's. */
  readonly vim: Vim | null;
  readonly completion: Completion | null;
  /** A completion that was closed with Esc stays closed for this query. */
  readonly dismissed: string | null;
  readonly outbox: readonly OutMessage[];
  /** The place in the queue of the message that is being edited; null: the draft is a new one. */
  readonly editing: number | null;
  /** The queue waits for the user: a turn was interrupted. */
  readonly isQueuePaused: boolean;
  readonly turn: RunningTurn | null;
  /** In the order in which they were asked. */
  readonly approvals: readonly ApprovalView[];
  readonly screen: Screen | null;
  /** In the order in which they were started. */
  readonly agents: readonly Subagent[];
  readonly usage: Usage;
  readonly branch: string | null;
  /** What the command of `tui.status_line` printed last; null: nothing yet. */
  readonly statusText: string | null;
  /** Servers of models that were found on this machine. */
  readonly servers: readonly FoundServer[];
  /** Of other providers, as they were last read. */
  readonly otherModels: readonly OtherModel[];
  readonly skills: readonly Candidate[] | null;
  /** The list of skills is shown once it is read. */
  readonly wantsSkills: boolean;
  readonly prompts: readonly CustomPrompt[];
  /** Of the MCP servers of the thread, as far as they are known. */
  readonly serverPrompts: readonly ServerPrompt[];
  /** A line in place of the footer for a moment, and what a repeated key does meanwhile. */
  readonly hint: Hint | null;
  /** When a key last went to the draft, and when anything was last typed. */
  readonly lastKeyAt: number;
  readonly lastInputAt: number;
  readonly now: number;
  /** The terminal's focus; null: it never reported any. */
  readonly isFocused: boolean | null;
  readonly nextId: number;
  /** Keel is closing; nothing is submitted any more. */
  readonly isClosing: boolean;
  /** The newest answer, for `/copy`. */
  readonly lastAnswer: string | null;
  /** Sent as soon as the thread is open; null: nothing waits for that. */
  readonly firstMessage: readonly Atom[] | null;
  /** Begins the ids of all submissions, so that those of other processes differ. */
  readonly idPrefix: string;
}

export interface Usage {
  /** The thread had turns before it was opened here: what they used of the window is known with the next request. */
  readonly isEarlier: boolean;
  readonly info: TokenUsageInfo | null;
  readonly rateLimits: RateLimitSnapshot | null;
  /** US dollars since the thread was opened here; null: the price of a model that it used is not known. */
  readonly cost: number | null;
}

export const NO_USAGE_YET: Usage = { isEarlier: false, info: null, rateLimits: null, cost: 0 };

export interface Hint {
  readonly text: string;
  readonly arms: 'quit' | 'backtrack' | null;
  readonly until: number;
}

/** What was given with the command line: a first message with its images. */
export interface FirstMessage {
  readonly prompt: string | null;
  readonly images: readonly string[];
}

export function initialState(size: Size, at: number, idPrefix: string, first: FirstMessage): State {
  return {
    size,
    setup: null,
    thread: null,
    opening: null,
    transcript: EMPTY_TRANSCRIPT,
    composer: EMPTY_COMPOSER,
    keymap: DEFAULT_KEYMAP,
    vim: null,
    completion: null,
    dismissed: null,
    outbox: [],
    editing: null,
    isQueuePaused: false,
    turn: null,
    approvals: [],
    screen: null,
    agents: [],
    usage: NO_USAGE_YET,
    branch: null,
    statusText: null,
    servers: [],
    otherModels: [],
    skills: null,
    wantsSkills: false,
    prompts: [],
    serverPrompts: [],
    hint: null,
    lastKeyAt: Number.NEGATIVE_INFINITY,
    lastInputAt: at,
    now: at,
    isFocused: null,
    nextId: 0,
    isClosing: false,
    lastAnswer: null,
    firstMessage: firstMessageOf(first),
    idPrefix,
  };
}

function firstMessageOf({ prompt, images }: FirstMessage): readonly Atom[] | null {
  const attached = images.map((path, index): Atom => ({ type: 'image', label: `[Image #${index + 1}]`, path }));
  const text = atomsOf(prompt?.trim() ?? '');
  return attached.length + text.length === 0 ? null : [...attached, ...text];
}
