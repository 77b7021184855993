import { createHash } from 'node:crypto';
import type { ToolCall, ToolOutput } from './types.ts';

/** Calls looked back at. */
const WINDOW = 24;
/** Equal calls within the last so many, and how many of them, are worth a word. */
const REPEAT_WITHIN = 8;
const REPEAT_COUNT = 3;
const CYCLE_LENGTH = 9;
/** A rule speaks at most once in so many calls, and so often in a turn. */
const QUIET_CALLS = 6;
const MAX_NOTES = 3;
/** Tools whose repetition means nothing. */
const EXEMPT = new Set(['update_plan', 'write_stdin', 'wait']);

interface Seen {
  readonly name: string;
  readonly key: string;
  readonly result: string;
  readonly changedFiles: boolean;
}

/**
 * Notices when a turn goes in circles: the same call with the same result again, or two or three calls in turn. It then
 * adds a line of fact to the call's output; it never stops anything.
 */
export class LoopWatch {
  readonly #mark: string;
  readonly #seen: Seen[] = [];
  #count = 0;
  readonly #spoken = new Map<'repeat' | 'cycle', { readonly at: number; readonly times: number }>();

  constructor(mark: string) {
    this.#mark = mark;
  }

  /** Takes a call in and gives its output back, with a note if there is something to note. */
  note(call: ToolCall, output: ToolOutput): ToolOutput {
    const line = this.#lineFor(call, output);
    if (line === null || typeof output.body !== 'string') return output;
    return { ...output, body: appended(output.body, line) };
  }

  #lineFor(call: ToolCall, output: ToolOutput): string | null {
    if (EXEMPT.has(call.name)) return null;
    this.#count += 1;
    const seen: Seen = {
      name: call.name,
      key: hash(`${call.name}\n${canonicalArguments(call)}`),
      result: hash(steadyPart(output.body)),
      changedFiles: output.success && (call.name === 'apply_patch' || call.name === 'edit_file'),
    };
    this.#seen.push(seen);
    if (this.#seen.length > WINDOW) this.#seen.shift();
    return this.#repeat(seen) ?? this.#cycle();
  }

  #repeat(last: Seen): string | null {
    const recent = this.#seen.slice(-REPEAT_WITHIN);
    const sinceChange = recent.slice(recent.findLastIndex((seen) => seen.changedFiles) + 1);
    const equal = sinceChange.filter((seen) => seen.key === last.key && seen.result === last.result).length;
    if (equal < REPEAT_COUNT || !this.#maySpeak('repeat')) return null;
    return `${this.#mark} This is call ${equal} of ${last.name} with the same arguments and the same result. Another one will show nothing new: use what it says, or try something else.`;
  }

  #cycle(): string | null {
    const recent = this.#seen.slice(-CYCLE_LENGTH);
    if (recent.length < CYCLE_LENGTH) return null;
    const isRound = (length: number) =>
      recent.every((seen, at) => {
        const before = recent[at - length];
        return !before || (before.key === seen.key && before.result === seen.result);
      });
    // Nine calls hold three rounds of three; of two they hold more than three.
    const length = [2, 3].find(isRound);
    const round = recent.slice(-(length ?? 0)).map((seen) => seen.name);
    if (length === undefined || new Set(recent.map((seen) => seen.key)).size < 2 || !this.#maySpeak('cycle'))
      return null;
    return `${this.#mark} The last ${CYCLE_LENGTH} calls go round in a circle (${round.join(', ')}). Write down what you know for certain and what you only assume, then test one assumption, or finish and report what blocks you.`;
  }

  #maySpeak(rule: 'repeat' | 'cycle'): boolean {
    const spoken = this.#spoken.get(rule) ?? { at: -QUIET_CALLS, times: 0 };
    if (this.#count - spoken.at < QUIET_CALLS || spoken.times >= MAX_NOTES) return false;
    this.#spoken.set(rule, { at: this.#count, times: spoken.times + 1 });
    return true;
  }
}

/** A command's result is JSON around its text: the line goes into the text. */
function appended(body: string, line: string): string {
  if (body.startsWith('{"output":')) {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed === 'object' && parsed !== null && 'output' in parsed) {
      return JSON.stringify({ ...parsed, output: joined(String(parsed.output), line) });
    }
  }
  return joined(body, line);
}

function joined(text: string, line: string): string {
  return text === '' || text.endsWith('\n') ? text + line : `${text}\n${line}`;
}

/** Arguments with their keys in order, so that the same call written differently counts as the same. */
function canonicalArguments({ payload }: ToolCall): string {
  if (payload.type === 'custom') return payload.input;
  if (payload.type === 'localShell') return JSON.stringify(payload.action.command);
  try {
    return JSON.stringify(JSON.parse(payload.arguments), (_key, value: unknown) => sorted(value));
  } catch {
    // Not JSON; the text itself says whether it is the same.
    return payload.arguments;
  }
}

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** A result without what differs from run to run: durations and keel's own lines. */
function steadyPart(body: ToolOutput['body']): string {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return text
    .replaceAll(/"duration_seconds":[\d.]+/g, '')
    .replaceAll(/^Wall time: .*$/gm, '')
    .replaceAll(/keel:[0-9a-f]{6} .*/g, '');
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('base64');
}
