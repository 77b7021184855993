import { hash } from 'node:crypto';
import type { RequestFingerprint, ResponseItem } from '../protocol/index.ts';
import { byteLength } from '../util/index.ts';
import { freeformOutputs, wantsFreeform } from './freeform-outputs.ts';
import type { Prompt } from './prompt.ts';
import { type RequestSettings, requestOptions, sentTool } from './request-body.ts';
import { itemJson } from './sent-form.ts';

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

  next(prompt: Prompt, settings: RequestSettings): RequestFingerprint {
    const { input, instructions, tools } = prompt;
    const form = JSON.stringify([settings.items, wantsFreeform(tools)]);
    if (form !== this.#form) this.#before = [];
    this.#form = form;
    const cut = cutOf(this.#before, input);
    const kept = sharedFrom(this.#before, input, cut);
    this.#before = input;
    if (instructions !== this.#instructions.text) {
      this.#instructions = { text: instructions, digest: digestOf(instructions) };
    }
    if (tools !== this.#tools.specs) {
      this.#tools = { specs: tools, digest: digestOf(JSON.stringify(tools.map(sentTool))) };
    }
    // The thread's id is in there as the cache's key, and a fork has another.
    const options = { model: settings.model, ...requestOptions(prompt, settings), prompt_cache_key: null };
    return {
      instructions: this.#instructions.digest,
      tools: this.#tools.digest,
      options: digestOf(JSON.stringify(options)),
      cut,
      kept,
      items: sentFrom(prompt, kept).map((item) => digestOf(itemJson(item, settings.items) ?? '')),
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

/** The items from a place on, as they are sent. The form of an output depends on its call, which stands shortly before. */
function sentFrom({ input, tools }: Prompt, from: number): readonly ResponseItem[] {
  let start = from;
  for (let item = input[start - 1]; item !== undefined && isOfCall(item); item = input[start - 1]) start -= 1;
  return freeformOutputs(input.slice(start), tools).slice(from - start);
}

function isOfCall({ type }: ResponseItem): boolean {
  return type.endsWith('_call') || type.endsWith('_call_output');
}

/** `<hex>:<bytes>` of a text. */
export function digestOf(text: string): string {
  return `${hash('sha256', text, 'hex').slice(0, DIGITS)}:${byteLength(text)}`;
}
