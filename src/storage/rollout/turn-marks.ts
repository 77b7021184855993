import type { RolloutItem } from '../../foundation/protocol/index.ts';

export interface TurnMark {
  readonly id: string;
  /** Place of its first line. */
  readonly start: number;
  /** Whether the file marks where the turn starts and ends; the reference's files do so in later versions only. */
  readonly marked: boolean;
  readonly isOpen: boolean;
  /** Whether a user asked for it, rather than keel itself. */
  readonly isOfUser: boolean;
}

type MutableMark = { -readonly [K in keyof TurnMark]: TurnMark[K] };

/**
 * Follows where turns start and end while lines are read one by one, in keel's files and the reference's: marked turns from
 * their start to their end, and without marks a user's message starts one.
 */
export class TurnMarks {
  #turns: MutableMark[] = [];
  /** Whether the line before was a user's message: the reference writes it before its event. */
  #afterUserItem = false;

  get turns(): readonly TurnMark[] {
    return this.#turns;
  }

  /** The marked turn that has not ended. */
  get open(): TurnMark | null {
    const last = this.#turns.at(-1);
    return last?.marked && last.isOpen ? last : null;
  }

  /** `at`: the line's place, as the reader counts. */
  read(line: RolloutItem, at: number): void {
    const wasUserItem = this.#afterUserItem;
    this.#afterUserItem = isUserItem(line);
    if (line.type === 'event_msg') this.#event(line.payload, wasUserItem ? at - 1 : at, at);
  }

  /**
   * Takes the last turns that a user asked for back, and all behind the first of them. Fewer are there: all are taken.
   * @returns where the first of them started; null if there is none
   */
  dropTurns(count: number): number | null {
    const asked = this.#turns.flatMap((turn, at) => (turn.isOfUser ? [at] : []));
    const first = count > 0 ? asked.at(-Math.min(count, asked.length)) : undefined;
    const start = first === undefined ? undefined : this.#turns[first]?.start;
    if (first === undefined || start === undefined) return null;
    this.#turns.length = first;
    this.#afterUserItem = false;
    return start;
  }

  #event(event: Extract<RolloutItem, { type: 'event_msg' }>['payload'], startIfUnmarked: number, at: number): void {
    const last = this.#turns.at(-1);
    switch (event.type) {
      case 'task_started':
        this.#start(typeof event['turn_id'] === 'string' ? event['turn_id'] : null, { start: at, marked: true });
        return;
      case 'user_message':
        if (last?.marked && last.isOpen) last.isOfUser = true;
        else this.#start(null, { start: startIfUnmarked, marked: false });
        return;
      case 'task_complete':
      case 'turn_aborted':
        if (last) last.isOpen = false;
        return;
      default:
        return;
    }
  }

  /** One that was cut off and begun again is one turn. */
  #start(id: string | null, { start, marked }: { readonly start: number; readonly marked: boolean }): void {
    const last = this.#turns.at(-1);
    if (marked && last?.marked && last.isOpen && last.id === id) return;
    this.#turns.push({ id: id ?? `turn-${this.#turns.length}`, start, marked, isOpen: true, isOfUser: !marked });
  }
}

function isUserItem(line: RolloutItem): boolean {
  return line.type === 'response_item' && line.payload.type === 'message' && line.payload.role === 'user';
}
