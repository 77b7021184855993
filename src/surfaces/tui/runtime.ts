import { basename } from 'node:path';
import type { FullScreen } from './effects/full-screen.ts';
import { keepHeapSmall } from './effects/small-heap.ts';
import type { Effect, Message, SavedDraft } from './message.ts';
import type { State } from './state.ts';
import type { FramePainter, Progress } from './terminal/index.ts';
import { KEPT_ENTRIES } from './transcript/index.ts';
import { update } from './update/update.ts';
import { SPINNER_MS } from './view/foot-rows.ts';
import { inWords } from './view/in-words.ts';
import { pagerScreen } from './view/pager-rows.ts';
import { spokenRows } from './view/spoken.ts';
import { hasNewStatus, statusInput } from './view/status-input.ts';
import { type Mark, NO_MARK, view } from './view/view.ts';

/** A frame that nobody's key asked for comes this long after the one before at the latest, ms: text that streams is read, not played. */
const FRAME_MS = 33;
/** What comes after this time is painted with what comes with it: a timer of its own would wake the process for little. */
const EARLY_FRAME_MS = 24;
/** Entries that become final in one frame: a long thread that is read back takes several, and keys are answered between them. */
const FRAME_ENTRIES = 200;
/** With more entries that are in the scrollback already the older ones are let go. */
const MOST_ENTRIES = 2 * KEPT_ENTRIES;
/** How often the time of a turn changes, ms. */
const SECOND_MS = 1_000;
/** How long a draft rests before it is written to the disk, ms. */
const SAVE_MS = 300;

/** Where the state is painted. */
export interface PaintedScreen {
  readonly painter: FramePainter;
  /** Shows the pager in place of the conversation. */
  readonly fullScreen: FullScreen;
  /** Only lines can be added: what is below the transcript gets lines of its own. */
  readonly isAppending: boolean;
}

export interface RuntimeParts {
  readonly state: State;
  readonly screen: PaintedScreen;
  readonly run: (effect: Effect) => void;
  /** Sets the window's title and what the taskbar shows. */
  readonly announce: (title: string, progress: Progress) => void;
}

/** Holds the state: takes messages one after the other, carries out their effects, and paints what has changed. */
export class Runtime {
  readonly #parts: RuntimeParts;
  #state: State;
  #mark: Mark = NO_MARK;
  /** The state that the newest lines were about. */
  #spoken: State;
  #frame: NodeJS.Immediate | NodeJS.Timeout | null = null;
  #paintedAt = Number.NEGATIVE_INFINITY;
  #tick: NodeJS.Timeout | null = null;
  #save: NodeJS.Timeout | null = null;
  #isClosed = false;

  constructor(parts: RuntimeParts) {
    this.#parts = parts;
    this.#state = parts.state;
    this.#spoken = parts.state;
  }

  get state(): State {
    return this.#state;
  }

  dispatch(message: Message): void {
    if (this.#isClosed) return;
    const before = this.#state;
    const { state, effects } = update(before, message);
    this.#state = state;
    for (const effect of effects) {
      if (effect.type === 'notify') this.#notice = effect;
      else this.#parts.run(effect);
    }
    if (state === before) return;
    if (state.composer !== before.composer || state.outbox !== before.outbox) this.#saveSoon();
    if (hasNewStatus(before, state)) this.#updateStatusLine();
    this.#paintSoon(message.type === 'input' || message.type === 'resized');
    this.#tickSoon();
    const { turn, approvals, thread } = state;
    if (turn !== before.turn || approvals !== before.approvals || thread !== before.thread) this.#announce();
  }

  /** Paints what the state is now, at once. `all`: whatever the time that it takes. */
  paint(all = false): void {
    this.#frame = null;
    if (this.#isClosed) return;
    this.#notify();
    this.#isImmediate = false;
    this.#paintedAt = performance.now();
    const { painter, fullScreen, isAppending } = this.#parts.screen;
    if (isAppending) return this.#append(painter);
    const pager = this.#state.screen?.type === 'pager' ? this.#state.screen.view : null;
    if (pager !== null) {
      fullScreen.show(pagerScreen(this.#state, pager));
      return;
    }
    fullScreen.hide();
    const { frame, mark } = view(this.#state, this.#mark, all ? {} : { most: FRAME_ENTRIES });
    this.#mark = mark;
    painter.render(frame);
    const { gone, past } = this.#state.transcript;
    if (mark.entries < gone + past.length) this.#paintSoon(true);
    this.#letGo();
    if (this.#state.approvals[0]?.paintedAt === null) this.dispatch({ type: 'painted', at: this.#paintedAt });
  }

  #append(painter: FramePainter): void {
    const { frame, mark } = view(this.#state, this.#mark, { isHeard: true });
    const spoken = spokenRows(this.#spoken, this.#state);
    this.#mark = mark;
    this.#spoken = this.#state;
    painter.render({ finished: [...frame.finished, ...spoken].map(inWords), live: [], cursor: null });
    this.#letGo();
    const [dialog] = this.#state.approvals;
    if (dialog?.paintedAt === null) this.dispatch({ type: 'painted', at: this.#paintedAt });
    // What a pager would show has been written.
    if (this.#state.screen?.type === 'pager') this.dispatch({ type: 'pagerClosed' });
  }

  /** The scrollback has what the state need not keep. */
  #letGo(): void {
    const { entries } = this.#mark;
    const { gone } = this.#state.transcript;
    if (entries - gone <= MOST_ENTRIES) return;
    if (gone === 0) keepHeapSmall();
    this.dispatch({ type: 'committed', entries });
  }

  close(): void {
    this.#isClosed = true;
    for (const timer of [this.#tick, this.#save]) if (timer !== null) clearTimeout(timer);
  }

  /** What keys change is painted as soon as all that came with them is done; all else waits for the next frame. */
  #paintSoon(isUrgent: boolean): void {
    const age = performance.now() - this.#paintedAt;
    const isNow = isUrgent || age >= EARLY_FRAME_MS;
    if (this.#frame !== null) {
      if (!isNow || this.#isImmediate) return;
      clearTimeout(this.#timer);
    }
    this.#isImmediate = isNow;
    if (this.#isImmediate) this.#frame = setImmediate(() => this.paint());
    else {
      this.#timer = setTimeout(() => this.paint(), FRAME_MS - age);
      this.#frame = this.#timer;
    }
  }

  #isImmediate = false;
  #timer: NodeJS.Timeout | undefined;

  /** A timer runs only while something on the screen changes by itself. */
  #tickSoon(): void {
    const { turn, hint, approvals } = this.#state;
    const isTurning = turn !== null && approvals.length === 0;
    if (this.#tick !== null || this.#parts.screen.isAppending || (!isTurning && hint === null)) return;
    this.#tick = setTimeout(
      () => {
        this.#tick = null;
        const at = performance.now();
        // What streams brings the time with it.
        if (hint === null && at - this.#paintedAt < FRAME_MS) this.#tickSoon();
        else this.dispatch({ type: 'tick', at });
      },
      this.#state.setup?.isAnimated === false ? SECOND_MS : SPINNER_MS,
    );
  }

  /** The newest notification since the last frame. */
  #notice: Effect | null = null;

  /** With each frame there is one notification at most. */
  #notify(): void {
    const notice = this.#notice;
    this.#notice = null;
    if (notice !== null) this.#parts.run(notice);
  }

  #announced = '';

  #announce(): void {
    const { turn, approvals, thread } = this.#state;
    const progress = approvals.length > 0 ? 'waiting' : turn === null ? 'none' : 'busy';
    const sign = { waiting: '? ', busy: '● ', none: '' }[progress];
    const title = `${sign}keel${thread === null ? '' : `: ${thread.name ?? basename(thread.settings.cwd)}`}`;
    if (title === this.#announced) return;
    this.#announced = title;
    this.#parts.announce(title, progress);
  }

  #updateStatusLine(): void {
    const line = this.#state.setup?.statusLine;
    const input = line?.type === 'command' ? statusInput(this.#state) : null;
    if (line?.type === 'command' && input !== null) {
      this.#parts.run({ type: 'runStatusLine', command: line.command, input });
    }
  }

  #saveSoon(): void {
    this.#save ??= setTimeout(() => {
      this.#save = null;
      this.#parts.run({ type: 'saveDraft', draft: draftOfState(this.#state) });
    }, SAVE_MS);
  }
}

function draftOfState({ composer, outbox }: State): SavedDraft {
  return { draft: composer.draft.atoms, queue: outbox.map(({ atoms }) => atoms) };
}
