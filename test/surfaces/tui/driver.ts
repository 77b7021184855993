import type { SessionEvent, ThreadItem } from '../../../src/foundation/protocol/index.ts';
import { rowText } from '../../../src/surfaces/text/index.ts';
import { DEFAULT_KEYMAP } from '../../../src/surfaces/tui/keymap/index.ts';
import type { Effect, Message, Setup, TrustQuestion } from '../../../src/surfaces/tui/message.ts';
import { initialState, type State } from '../../../src/surfaces/tui/state.ts';
import { USUAL_PARTS } from '../../../src/surfaces/tui/status-parts.ts';
import type { NamedKey } from '../../../src/surfaces/tui/terminal/input-event.ts';
import { update } from '../../../src/surfaces/tui/update/update.ts';
import { NO_MARK, view } from '../../../src/surfaces/tui/view/view.ts';

export const SETUP: Setup = {
  version: '0.0.0',
  settings: {
    model: 'gpt-5-codex',
    effort: null,
    approvalPolicy: 'on-request',
    sandboxPolicy: workspace(),
    cwd: '/home/ada/app',
  },
  provider: 'test',
  workspacePolicy: workspace(),
  connect: null,
  trustQuestion: null,
  models: [],
  notifications: ['agent-turn-complete', 'approval-requested'],
  userHome: '/home/ada',
  warnings: [],
  hidesReasoning: false,
  isAnimated: true,
  theme: 'auto',
  keymap: DEFAULT_KEYMAP,
  hasVim: false,
  statusLine: { type: 'parts', parts: USUAL_PARTS },
};

/** A question about trust, with nothing in the folder unless it is said. */
export function trustOf(more: Partial<TrustQuestion> = {}): TrustQuestion {
  return { folder: '/home/ada/app', counts: [], runs: [], fault: null, mayWrite: false, ...more };
}

function workspace() {
  return {
    mode: 'workspace-write',
    network_access: false,
    exclude_tmpdir_env_var: false,
    exclude_slash_tmp: false,
  } as const;
}

/** The terminal without a terminal: messages go in, and the state, its effects and its rows are looked at. */
export class Driver {
  state: State;
  effects: Effect[] = [];
  now = 1_000;

  constructor(columns = 80, rows = 24) {
    this.state = initialState({ columns, rows }, this.now, 'id', { prompt: null, images: [] });
  }

  /** With an open thread that has nothing in it. */
  static ready(columns = 80, rows = 24, setup: Partial<Setup> = {}): Driver {
    const driver = new Driver(columns, rows);
    driver.send({ type: 'setUp', setup: { ...SETUP, ...setup } });
    driver.event({
      type: 'thread.started',
      threadId: 'thread-1',
      model: 'gpt-5-codex',
      effort: null,
      cwd: '/home/ada/app',
      rolloutPath: '/rollout',
      turns: [],
    });
    return driver;
  }

  send(message: Message): void {
    const { state, effects } = update(this.state, message);
    this.state = state;
    this.effects.push(...effects);
  }

  event(event: SessionEvent): void {
    this.send({ type: 'session', event, at: this.now });
  }

  /** An item of the running turn, done unless said otherwise. */
  item(item: ThreadItem, type: 'item.started' | 'item.updated' | 'item.completed' = 'item.completed'): void {
    this.event({ type, turnId: 't1', item });
  }

  turn(id = 't1'): void {
    this.event({ type: 'turn.started', turnId: id, taskKind: 'regular', modelContextWindow: null });
  }

  turnEnds(status: 'completed' | 'interrupted' = 'completed'): void {
    const abortReason = status === 'interrupted' ? 'interrupted' : null;
    this.event({ type: 'turn.completed', turnId: 't1', status, error: null, abortReason, lastAgentMessage: null });
  }

  /** Text as it is typed: one event a character, with time between them. */
  type(text: string): void {
    for (const char of text) {
      this.now += 20;
      this.send({ type: 'input', event: { type: 'text', text: char }, at: this.now });
    }
  }

  paste(text: string): void {
    this.send({ type: 'input', event: { type: 'paste', text }, at: this.now });
  }

  /** The path of an image that is there: pasted, and found. */
  pasteImage(path: string): void {
    this.paste(path);
    const effect = this.effects.at(-1);
    if (effect?.type !== 'findImage') throw new Error(`${path} is not looked for`);
    this.send({ type: 'imageFound', path: effect.path, text: effect.text });
  }

  /** A key by its name, such as `ctrl+c` or `alt+up`. */
  key(name: NamedKey | `${'ctrl' | 'alt' | 'shift'}+${string}`): void {
    const parts = name.split('+');
    const has = (modifier: string) => parts.slice(0, -1).includes(modifier);
    this.now += 20;
    const modifiers = { ctrl: has('ctrl'), alt: has('alt'), shift: has('shift'), super: false, isRepeat: false };
    this.send({ type: 'input', event: { type: 'key', key: parts.at(-1) ?? '', ...modifiers }, at: this.now });
  }

  painted(): void {
    this.send({ type: 'painted', at: this.now });
  }

  /** What was submitted to the session, without what is kept for recall. */
  ops() {
    return this.effects.flatMap((effect) =>
      effect.type === 'submit' && effect.op.type !== 'addToHistory' ? [effect.op] : [],
    );
  }

  /** The texts of the messages that were submitted. */
  sent(): string[] {
    return this.ops().flatMap((op) =>
      op.type === 'userInput'
        ? [op.items.map((item) => (item.type === 'text' ? item.text : `<${item.type}>`)).join('')]
        : [],
    );
  }

  draft(): string {
    return this.state.composer.draft.atoms.map((atom) => (typeof atom === 'string' ? atom : atom.label)).join('');
  }

  /** All rows: those of the scrollback and the live ones below. */
  rows(): string[] {
    const { frame } = view(this.state, NO_MARK);
    return [...frame.finished, ...frame.live].map((row) => rowText(row).trimEnd());
  }

  live(): string[] {
    const mark = { entries: this.state.transcript.past.length, pieces: 0 };
    return view(this.state, mark).frame.live.map((row) => rowText(row).trimEnd());
  }
}
