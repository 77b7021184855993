import type { InputEvent } from './input-event.ts';

/** Characters that follow each other faster than this are not typed, milliseconds. */
const BURST_GAP = 8;
/** An Enter so soon after a burst belongs to it, milliseconds. */
const AFTER_BURST = 120;
/** Characters that make a burst. Two keys can be hit almost at once. */
const MIN_BURST = 3;

/**
 * Finds pastes where the terminal doesn't mark them: there an Enter among characters that arrive too fast to be typed is a
 * line end and submits nothing. A burst that starts as a command does (`/`) is one that a program typed, and runs.
 */
export class BurstDetector {
  #isOn = true;
  #run = '';
  #last = Number.NEGATIVE_INFINITY;

  /** The terminal marks pastes, so that no other text is one; or it is known now that it does not. */
  setMarked(isMarked: boolean): void {
    this.#isOn = !isMarked;
  }

  /** @param now when the events arrived, milliseconds of any clock */
  push(events: readonly InputEvent[], now: number): InputEvent[] {
    return this.#isOn ? events.map((event) => this.#next(event, now)) : [...events];
  }

  #next(event: InputEvent, now: number): InputEvent {
    if (event.type === 'reply' || event.type === 'focus') return event;
    const gap = now - this.#last;
    if (event.type === 'text') {
      this.#run = gap <= BURST_GAP ? this.#run + event.text : event.text;
      this.#last = now;
      return event;
    }
    const isEnter = event.type === 'key' && event.key === 'enter' && !event.alt && !event.ctrl && !event.shift;
    const isBurst = this.#run.length >= MIN_BURST && gap <= AFTER_BURST;
    if (!isEnter || !isBurst || /^\/[^\n]*$/.test(this.#run)) {
      this.#run = '';
      return event;
    }
    this.#run += '\n';
    this.#last = now;
    return { type: 'paste', text: '\n' };
  }
}
