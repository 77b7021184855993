import type { ResponseItem } from '../../../foundation/protocol/index.ts';
import type { Prompt } from '../../prompt/index.ts';
import type { Wire } from '../../wires/index.ts';

/** A body in three pieces: what is before the items of its input, the items, what is behind them. */
export type BodyPieces = readonly [head: Uint8Array, input: Uint8Array, tail: Uint8Array];

/** What the server knows of a thread by a response that it keeps: the request, and what the response brought. */
export interface KnownResponse {
  readonly id: string;
  readonly pieces: BodyPieces;
  readonly input: readonly ResponseItem[];
  readonly output: readonly ResponseItem[];
}

/**
 * From which item of the prompt's input on the server knows nothing yet; null: the prompt does not continue that response. All
 * besides the input must be equal. Thoughts that are not sent any more (of a turn before) may be missing: the API reads
 * those of the current turn only.
 */
export function newItemsFrom(known: KnownResponse, prompt: Prompt, pieces: BodyPieces, wire: Wire): number | null {
  if (!isSame(known.pieces[0], pieces[0]) || !isSame(known.pieces[2], pieces[2])) return null;
  const { input } = prompt;
  let next = 0;
  for (const item of [...known.input, ...known.output]) {
    const given = input[next];
    if (given !== undefined && (given === item || isSentAlike(given, item, prompt, wire))) next += 1;
    else if (item.type !== 'reasoning') return null;
  }
  return next < input.length ? next : null;
}

/** A call or message that came back from the history has marks of keel's own, which are not sent. */
function isSentAlike(one: ResponseItem, other: ResponseItem, prompt: Prompt, wire: Wire): boolean {
  if (one.type !== other.type) return false;
  const [first, second] = wire.itemsJson({ ...prompt, input: [one, other] }, 0);
  return first === second;
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0;
}
