import { hash } from 'node:crypto';
import type { RequestFingerprint, ResponseItem } from '../protocol/index.ts';
import { byteLength } from '../util/index.ts';
import type { Prompt } from './prompt.ts';
import type { RequestParts } from './wire.ts';

/** Hexadecimal digits of a SHA-256 that are kept: enough to tell apart what one thread holds. */
const DIGITS = 12;
/** How many items from its beginning a request may have lost before it is taken for another one. */
const MAX_CUT = 64;

/**
 * Makes the fingerprints of a thread's requests. Each says only what differs from the one before: what it costs, in time
 * and on the disk, depends on what is new. Of the rest only the identity of the items is looked at.
 */
export class RequestFingerprints {
  #before: readonly ResponseItem[] = [];
  /** How the items before were sent: another model may get the same ones in another form. */
  #form = '';
  #instructions = { text: '', digest: digestOf('') };
  #tools: { readonly specs: Prompt['tools']; readonly digest: string } = { specs: [], digest: digestOf('[]') };

  next(prompt: Prompt, parts: RequestParts): RequestFingerprint {
    const { input, instructions, tools } = prompt;
    const form = parts.formOf(prompt);
    if (form !== this.#form) this.#before = [];
    this.#form = form;
    const cut = cutOf(this.#before, input);
    const kept = sharedFrom(this.#before, input, cut);
    this.#before = input;
    if (instructions !== this.#instructions.text) {
      this.#instructions = { text: instructions, digest: digestOf(instructions) };
    }
    if (tools !== this.#tools.specs) {
      this.#tools = { specs: tools, digest: digestOf(parts.toolsJson(tools)) };
    }
    return {
      instructions: this.#instructions.digest,
      tools: this.#tools.digest,
      options: digestOf(parts.optionsJson(prompt)),
      cut,
      kept,
      items: parts.itemsJson(prompt, kept).map((json) => digestOf(json ?? '')),
    };
  }
}

/** How many items the later request has lost at its beginning; all, if it begins with another one. */
function cutOf(before: readonly ResponseItem[], items: readonly ResponseItem[]): number {
  const [first] = items;
  if (first === undefined) return before.length;
  const at = before.slice(0, MAX_CUT).indexOf(first);
  return at === -1 ? before.length : at;
}

function sharedFrom(before: readonly ResponseItem[], items: readonly ResponseItem[], cut: number): number {
  let kept = 0;
  while (kept < items.length && cut + kept < before.length && before[cut + kept] === items[kept]) kept += 1;
  return kept;
}

/** `<hex>:<bytes>` of a text. */
export function digestOf(text: string): string {
  return `${hash('sha256', text, 'hex').slice(0, DIGITS)}:${byteLength(text)}`;
}
