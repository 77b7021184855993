import type { ReasoningSummary, ResponseItem, Verbosity } from '../../../foundation/protocol/index.ts';
import type { WireQuirks } from '../../catalogue/index.ts';
import { jsonText } from '../../json/index.ts';
import type { Prompt, ToolSpec } from '../../prompt/index.ts';
import { OUTPUT_SCHEMA_NAME, SentItems, sendableWord } from '../index.ts';
import { freeformOutputs, wantsFreeform } from './freeform-outputs.ts';
import { InputBytes } from './input-bytes.ts';
import { itemJson, type SentFormOptions } from './sent-form.ts';

/** What a request says besides its prompt; constant for a thread unless the user changes a setting. */
export interface RequestSettings {
  readonly model: string;
  /** Also the cache key: constant for the life of a thread. */
  readonly threadId: string;
  /** Null: the model takes no `reasoning`. */
  readonly reasoning: { readonly effort: string | null; readonly summary: ReasoningSummary } | null;
  readonly verbosity: Verbosity | null;
  readonly store: boolean;
  readonly items: SentFormOptions;
  readonly quirks: WireQuirks;
}

/**
 * The request body. Keys have a fixed order and items are serialised once, so two requests of a thread are equal
 * byte for byte up to the end of the shorter input: that prefix is what prompt caches bill on.
 */
export class RequestWriter {
  readonly settings: RequestSettings;
  #isFreeform = false;
  #input: SentItems<InputBytes>;

  constructor(settings: RequestSettings) {
    this.settings = settings;
    this.#input = this.#inputOf(false);
  }

  /** The body in pieces, UTF-8. */
  write(prompt: Prompt): readonly Uint8Array[] {
    const { head, tail } = frameOf(prompt, this.settings);
    const isFreeform = wantsFreeform(prompt.tools);
    if (isFreeform !== this.#isFreeform) this.#input = this.#inputOf(isFreeform);
    this.#isFreeform = isFreeform;
    return [Buffer.from(head), this.#input.of(prompt.input).bytes, Buffer.from(tail)];
  }

  /** The items from one on, as `write` wrote them. */
  inputFrom({ input }: Prompt, from: number): Uint8Array {
    return this.#input.of(input).bytesFrom(from);
  }

  #inputOf(isFreeform: boolean): SentItems<InputBytes> {
    return new SentItems(() => new InputBytes(this.settings.items, isFreeform));
  }
}

/** The text before and behind the items. */
function frameOf(prompt: Prompt, settings: RequestSettings): { readonly head: string; readonly tail: string } {
  const head = { model: settings.model, instructions: prompt.instructions };
  const tail = { tools: prompt.tools.map(sentTool), ...requestOptions(prompt, settings) };
  return { head: `${jsonText(head).slice(0, -1)},"input":[`, tail: `],${jsonText(tail).slice(1)}` };
}

/** The items of the input from a place on, each as JSON as it is sent; null for one that is not. */
export function itemsJson({ input, tools }: Prompt, from: number, { items }: RequestSettings): (string | null)[] {
  // The form of an output depends on its call, which is shortly before.
  let start = from;
  for (let item = input[start - 1]; item !== undefined && isOfCall(item); item = input[start - 1]) start -= 1;
  const sent = freeformOutputs(input.slice(start), tools).slice(from - start);
  return sent.map((item) => itemJson(item, items));
}

function isOfCall({ type }: ResponseItem): boolean {
  return type.endsWith('_call') || type.endsWith('_call_output');
}

/** What a request says besides model, instructions, input and tools, in wire order. */
export function requestOptions(prompt: Prompt, settings: RequestSettings): object {
  return {
    tool_choice: settings.quirks.toolChoiceNone === 'sent' ? (prompt.toolChoice ?? 'auto') : 'auto',
    ...(settings.quirks.parallelToolCalls === 'sent' ? { parallel_tool_calls: prompt.parallelToolCalls } : {}),
    reasoning: sentReasoning(settings),
    store: settings.store,
    stream: true,
    include: settings.reasoning === null ? [] : ['reasoning.encrypted_content'],
    prompt_cache_key: settings.threadId,
    ...sentText(prompt, settings),
  };
}

/** An effort that was not chosen is left out, and so is `summary: "none"`, which the API does not know. */
function sentReasoning({ reasoning, quirks }: RequestSettings): object | null {
  if (reasoning === null) return null;
  return {
    ...(reasoning.effort === null || quirks.reasoningEffort === 'omitted' ? {} : { effort: reasoning.effort }),
    ...(reasoning.summary === 'none' ? {} : { summary: reasoning.summary }),
  };
}

function sentText(prompt: Prompt, { verbosity, quirks }: RequestSettings): object {
  const schema = quirks.outputSchema === 'sent' ? (prompt.outputSchema ?? null) : null;
  if (verbosity === null && schema === null) return {};
  const format = { type: 'json_schema', strict: true, schema, name: OUTPUT_SCHEMA_NAME };
  return { text: { ...(verbosity === null ? {} : { verbosity }), ...(schema === null ? {} : { format }) } };
}

/** Only the fields that belong to the kind, in wire order, whatever else the object carries. */
export function sentTool(tool: ToolSpec): object {
  switch (tool.type) {
    case 'function': {
      const { type, name, description, strict, parameters } = tool;
      return { type, name: sendableWord(name), description, strict, parameters };
    }
    case 'custom': {
      const { type, name, description, format } = tool;
      const { type: kind, syntax, definition } = format;
      return { type, name: sendableWord(name), description, format: { type: kind, syntax, definition } };
    }
    default:
      return { type: tool.type };
  }
}
