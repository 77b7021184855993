import { byteLength, cutBytesEnd } from '../../foundation/util/index.ts';
import { updatePlanTool } from '../builtin/index.ts';
import { type ToolCall, type ToolOutput, withNote } from '../contract/index.ts';
import { onlyWaits, type SeenCall, seenCall } from './seen-call.ts';

/** Calls that are remembered. */
const WINDOW = 24;
/** A note is due for this many equal calls among the last `REPEAT_WITHIN`. */
const REPEAT_WITHIN = 8;
const REPEAT_COUNT = 3;
const CYCLE_LENGTH = 9;
/** A note is due after this many edits of one file and this many equal failures of a check. */
const EDIT_COUNT = 5;
const SAME_CHECK_COUNT = 3;
/** A rule adds at most one note in `QUIET_CALLS` calls and `MAX_NOTES` in a turn; all rules together, two in `QUIET_CALLS` calls. */
const QUIET_CALLS = 6;
const MAX_NOTES = 3;
const MAX_NOTES_TOGETHER = 2;
/** Limits for quoted text in a note, UTF-8 bytes: a whole note stays below 250. */
const MAX_NAME_BYTES = 22;
const MAX_QUOTE_BYTES = 44;

type Rule = 'repeat' | 'cycle' | 'edits';

/**
 * Notices when a turn loops: the same call with the same result again, two or three calls in rotation, or edits of one file
 * that do not change a failing check. It then appends a line to the call's output; it never stops anything.
 */
export class LoopWatch {
  readonly #mark: string;
  readonly #seen: SeenCall[] = [];
  readonly #spoken: { readonly rule: Rule; readonly at: number }[] = [];
  #count = 0;

  constructor(mark: string) {
    this.#mark = mark;
  }

  /** Records a call. @returns its output, with a note if the turn loops */
  note(call: ToolCall, output: ToolOutput): ToolOutput {
    const line = this.after(call, output);
    return line === null ? output : withNote(output, line);
  }

  /** Records a call. @returns the note: one line, or null */
  after(call: ToolCall, output: ToolOutput): string | null {
    if (call.name === updatePlanTool.name || onlyWaits(call)) return null;
    this.#count += 1;
    const last = seenCall(call, output);
    this.#seen.push(last);
    if (this.#seen.length > WINDOW) this.#seen.shift();
    const words = this.#edits(last) ?? this.#repeat(last) ?? this.#cycle();
    return words === null ? null : `${this.#mark} ${words}`;
  }

  #repeat(last: SeenCall): string | null {
    const recent = this.#seen.slice(-REPEAT_WITHIN);
    const sinceChange = recent.slice(recent.findLastIndex((seen) => seen.changed.length > 0) + 1);
    const times = sinceChange.filter((seen) => isSame(seen, last)).length;
    if (times < REPEAT_COUNT || !this.#maySpeak('repeat')) return null;
    return `This is call ${times} of ${quoted(last.name, MAX_NAME_BYTES)} with the same arguments and the same result. Another one will show nothing new: use what it says, or try something else.`;
  }

  #cycle(): string | null {
    const recent = this.#seen.slice(-CYCLE_LENGTH);
    if (recent.length < CYCLE_LENGTH || new Set(recent.map((seen) => seen.key)).size < 2) return null;
    // Nine calls are three rounds of three, and more than three rounds of two.
    const length = [2, 3].find((period) => recent.every((seen, at) => isSame(seen, recent[at - period] ?? seen)));
    if (length === undefined || !this.#maySpeak('cycle')) return null;
    const round = recent.slice(-length).map((seen) => quoted(seen.name, MAX_NAME_BYTES));
    return `The last ${CYCLE_LENGTH} calls go round in a circle (${round.join(', ')}). Write down what you know for certain and what you only assume, then test one assumption, or finish and report what blocks you.`;
  }

  #edits(last: SeenCall): string | null {
    if (last.failedCheck === null || this.#seen.filter((seen) => isSame(seen, last)).length < SAME_CHECK_COUNT)
      return null;
    const changes = this.#seen.flatMap((seen) => seen.changed);
    const path = changes.find((each) => timesIn(changes, each) >= EDIT_COUNT);
    if (path === undefined || !this.#maySpeak('edits')) return null;
    return `${quoted(path, MAX_QUOTE_BYTES)} was edited ${timesIn(changes, path)} times and "${quoted(last.failedCheck, MAX_QUOTE_BYTES)}" still ends the same way. The cause is probably elsewhere: read that output from its first error again.`;
  }

  #maySpeak(rule: Rule): boolean {
    const recent = this.#spoken.filter(({ at }) => this.#count - at < QUIET_CALLS);
    if (recent.length >= MAX_NOTES_TOGETHER || recent.some((spoken) => spoken.rule === rule)) return false;
    if (this.#spoken.filter((spoken) => spoken.rule === rule).length >= MAX_NOTES) return false;
    this.#spoken.push({ rule, at: this.#count });
    return true;
  }
}

function isSame(a: SeenCall, b: SeenCall): boolean {
  return a.key === b.key && a.result === b.result;
}

function timesIn(paths: readonly string[], path: string): number {
  return paths.filter((each) => each === path).length;
}

/** Cut to one line of limited length: the text may be anything that a model or a project wrote. */
function quoted(text: string, maxBytes: number): string {
  const line = text.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ').trim();
  return byteLength(line) <= maxBytes ? line : `${cutBytesEnd(line, maxBytes - 3)}...`;
}
