import type { RequestFingerprint, ResponseItem } from '../../foundation/protocol/index.ts';
import { byteLength, type DigestKind, hexDigest } from '../../foundation/util/index.ts';
import type { Prompt } from '../prompt/index.ts';
import type { RequestParts } from '../wires/index.ts';

/** How many items from its beginning a request may have lost before it is taken for another one. */
const MAX_CUT = 64;

/**
 * Makes the fingerprints of a thread's requests. Each says only what differs from the one before: what it costs, in time
 * and on the disk, depends on what is new. Of the rest only the identity of the items is looked at.
 */
export class RequestFingerprints {
  readonly #kind: DigestKind;
  #before: readonly ResponseItem[] = [];
  /** Digests of the last request that an earlier process made; null once a request was made here. */
  #recorded: readonly string[] | null;
  /** How the items before were sent: another model may get the same ones in another form. */
  #form = '';
  #instructions: { readonly text: string; readonly digest: string };
  #tools: { readonly specs: Prompt['tools']; readonly digest: string };

  /** `recorded`: the digests of the items of the thread's last request, oldest first. */
  constructor(kind: DigestKind, recorded: readonly string[] = []) {
    this.#kind = kind;
    this.#instructions = { text: '', digest: digestOf(kind, '') };
    this.#tools = { specs: [], digest: digestOf(kind, '[]') };
    this.#recorded = recorded.length === 0 ? null : recorded;
  }

  next(prompt: Prompt, parts: RequestParts): RequestFingerprint {
    const { input, instructions, tools } = prompt;
    const form = parts.formOf(prompt);
    if (form !== this.#form) this.#before = [];
    this.#form = form;
    const change = this.#changeOf(prompt, parts);
    this.#before = input;
    this.#recorded = null;
    if (instructions !== this.#instructions.text) {
      this.#instructions = { text: instructions, digest: digestOf(this.#kind, instructions) };
    }
    if (tools !== this.#tools.specs) {
      this.#tools = { specs: tools, digest: digestOf(this.#kind, parts.toolsJson(tools)) };
    }
    return {
      instructions: this.#instructions.digest,
      tools: this.#tools.digest,
      options: digestOf(this.#kind, parts.optionsJson(prompt)),
      ...change,
    };
  }

  #changeOf(prompt: Prompt, parts: RequestParts): Pick<RequestFingerprint, 'cut' | 'kept' | 'items'> {
    const digestsFrom = (first: number) =>
      parts.itemsJson(prompt, first).map((json) => digestOf(this.#kind, json ?? ''));
    if (this.#recorded === null) {
      const { cut, kept } = sharedWith(this.#before, prompt.input);
      return { cut, kept, items: digestsFrom(kept) };
    }
    const digests = digestsFrom(0);
    const { cut, kept } = sharedWith(this.#recorded, digests);
    return { cut, kept, items: digests.slice(kept) };
  }
}

/** How many items the later request has lost at its beginning (all, if it starts with another one), and how many it keeps. */
function sharedWith<T>(before: readonly T[], items: readonly T[]): { readonly cut: number; readonly kept: number } {
  const [first] = items;
  const at = first === undefined ? -1 : before.slice(0, MAX_CUT).indexOf(first);
  const cut = at === -1 ? before.length : at;
  let kept = 0;
  while (kept < items.length && cut + kept < before.length && before[cut + kept] === items[kept]) kept += 1;
  return { cut, kept };
}

/** `<hex>:<bytes>` of a text. */
export function digestOf(kind: DigestKind, text: string): string {
  return `${hexDigest(kind, text)}:${byteLength(text)}`;
}
