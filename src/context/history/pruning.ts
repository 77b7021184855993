import { commandEnd, type ElidedOutput, type OutputItem, type ResponseItem } from '../../foundation/protocol/index.ts';
import { byteLength } from '../../foundation/util/index.ts';
import { commandOf } from './call-text.ts';
import { estimateTokens } from './context-size.ts';
import { isCall, isOutput } from './pairs.ts';
import { hasWords, isSaidByUser } from './user-messages.ts';

/** Outputs behind this many of the user's newest messages stay whole. */
const MESSAGES_KEPT_WHOLE = 2;
const MIN_BYTES = 1_024;
/** Tokens of a note in place of an output, with the path of the full text; estimated. */
const NOTE_TOKENS = 60;

/** An output that can be pruned. */
export interface OldOutput extends Pick<ElidedOutput, 'call_id' | 'nth'> {
  readonly text: string;
  /** The exit code of a command; null for any other call. */
  readonly exitCode: number | null;
}

/**
 * Chooses old outputs whose pruning makes room for `tokens`; null if all of them together don't. The newest go first, so that
 * as much of the cached prefix as possible stays as it was sent.
 */
export function outputsToPrune(items: readonly ResponseItem[], tokens: number): readonly OldOutput[] | null {
  const chosen: OldOutput[] = [];
  let left = tokens;
  for (const { item, old } of oldOutputs(items).toReversed()) {
    if (left <= 0) break;
    chosen.push(old);
    left -= estimateTokens(item) - NOTE_TOKENS;
  }
  return left <= 0 ? chosen : null;
}

/** Replaces outputs by their notes and calls `replaced` for each. A note whose output is missing is ignored. */
export function withPruned(
  items: readonly ResponseItem[],
  outputs: readonly ElidedOutput[],
  replaced: (before: OutputItem, after: OutputItem) => void,
): ResponseItem[] {
  const notes = new Map(outputs.map(({ call_id, nth, output }) => [nameOf(call_id, nth), output]));
  const count = counter();
  return items.map((item) => {
    if (!isOutput(item)) return item;
    const note = notes.get(nameOf(item.call_id, count(item.call_id)));
    if (note === undefined) return item;
    const after = { ...item, output: note };
    replaced(item, after);
    return after;
  });
}

interface Candidate {
  readonly item: OutputItem;
  readonly old: OldOutput;
}

function oldOutputs(items: readonly ResponseItem[]): Candidate[] {
  const messages = items.flatMap((item, at) => (isSaidByUser(item) && hasWords(item) ? [at] : []));
  const end = messages.at(-MESSAGES_KEPT_WHOLE) ?? 0;
  const count = counter();
  const commands = new Set<string>();
  return items.slice(0, end).flatMap((item): Candidate[] => {
    if (isCall(item) && item.call_id && commandOf(item) !== null) commands.add(item.call_id);
    if (!isOutput(item)) return [];
    const nth = count(item.call_id);
    const text = textOf(item);
    if (text === null || byteLength(text) < MIN_BYTES) return [];
    // Only a command has an exit code: the output of another tool may look like a command's result.
    const ended = commands.has(item.call_id) ? commandEnd(text) : null;
    const old = { call_id: item.call_id, nth, text: ended?.output ?? text, exitCode: ended?.exitCode ?? null };
    return [{ item, old }];
  });
}

/** The text of an output; null if it has more than text, which a file could not keep. */
function textOf({ output }: OutputItem): string | null {
  if (typeof output === 'string') return output;
  const texts = output.flatMap((part) => (part.type === 'input_text' ? [part.text] : []));
  return texts.length === output.length ? texts.join('\n') : null;
}

/** Counts how often an id was seen before. */
function counter(): (id: string) => number {
  const seen = new Map<string, number>();
  return (id) => {
    const nth = seen.get(id) ?? 0;
    seen.set(id, nth + 1);
    return nth;
  };
}

function nameOf(callId: string, nth: number): string {
  return `${nth} ${callId}`;
}
