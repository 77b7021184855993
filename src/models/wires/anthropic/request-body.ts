import type { Prompt, ToolSpec } from '../../prompt/index.ts';
import { SentItems } from '../index.ts';
import { CACHE_MARK, CACHE_MARK_JSON } from './cache-mark.ts';
import type { BlockForm } from './item-blocks.ts';
import { MessageList, type WrittenMessages } from './message-list.ts';
import { type ThinkingFields, type ThinkingSettings, thinkingFields } from './thinking.ts';
import { toolsJson } from './tools.ts';

/** What a request says besides its prompt; constant for a thread unless the user changes a setting. */
export interface MessagesSettings extends ThinkingSettings {
  /** What names the model; where its name is in the address, the version of the API is here. */
  readonly name: { readonly model: string } | { readonly anthropic_version: string };
  readonly form: BlockForm;
}

/**
 * The request body. What is constant for the thread comes first and the messages last, so two requests of a thread are
 * equal byte for byte up to the end of the shorter one, except for the marks that show the cache how far to keep: they move
 * with the newest messages and are no part of what is cached.
 */
export class MessagesWriter {
  readonly #settings: MessagesSettings;
  readonly #thinking: ThinkingFields;
  readonly #messages: SentItems<MessageList>;
  #tools: { readonly specs: readonly ToolSpec[]; readonly json: string | null } = { specs: [], json: null };

  constructor(settings: MessagesSettings) {
    this.#settings = settings;
    this.#thinking = thinkingFields(settings);
    this.#messages = new SentItems(() => new MessageList(settings.form));
  }

  /** What is said besides instructions, tools and messages, where there are tools. */
  optionsJson(prompt: Prompt): string {
    return JSON.stringify(this.#options(prompt, true));
  }

  /** The body in pieces, UTF-8. */
  write(prompt: Prompt): readonly Uint8Array[] {
    const messages = this.#messages.of(prompt.input).written();
    // Another tool choice is another conversation to the cache: it would not serve this one, nor this one the next.
    const written = prompt.toolChoice === 'none' ? { ...messages, markPlaces: [] } : messages;
    return [
      Buffer.from(`${this.#head(prompt)},"messages":[`),
      ...markedPieces(written),
      Buffer.from(`${written.closing}]}`),
    ];
  }

  #head(prompt: Prompt): string {
    const { instructions } = prompt;
    const tools = this.#toolsJson(prompt.tools);
    const system = [{ type: 'text', text: instructions, cache_control: CACHE_MARK }];
    const fields = {
      ...this.#options(prompt, tools !== null),
      ...(instructions.trim() === '' ? {} : { system }),
    };
    return `${JSON.stringify(fields).slice(0, -1)}${tools === null ? '' : `,"tools":${tools}`}`;
  }

  #options(prompt: Prompt, hasTools: boolean): object {
    const { name, maxTokens } = this.#settings;
    const { thinking, effort } = this.#thinking;
    const schema = prompt.outputSchema ?? null;
    const output = {
      ...(effort === undefined ? {} : { effort }),
      ...(schema === null ? {} : { format: { type: 'json_schema', schema } }),
    };
    return {
      ...name,
      max_tokens: maxTokens,
      stream: true,
      ...(thinking === undefined ? {} : { thinking }),
      ...(Object.keys(output).length === 0 ? {} : { output_config: output }),
      ...(hasTools ? { tool_choice: toolChoice(prompt) } : {}),
    };
  }

  #toolsJson(specs: readonly ToolSpec[]): string | null {
    if (specs !== this.#tools.specs) this.#tools = { specs, json: toolsJson(specs) };
    return this.#tools.json;
  }
}

function toolChoice({ toolChoice: choice, parallelToolCalls }: Prompt): object {
  if (choice === 'none') return { type: 'none' };
  return { type: 'auto', ...(parallelToolCalls ? {} : { disable_parallel_tool_use: true }) };
}

/** What is written, with the marks put between. */
function markedPieces({ bytes, markPlaces }: WrittenMessages): readonly Uint8Array[] {
  const mark = Buffer.from(CACHE_MARK_JSON);
  const ends = [...markPlaces, bytes.length];
  return ends.flatMap((end, at) => {
    const piece = bytes.slice(ends[at - 1] ?? 0, end);
    return at < markPlaces.length ? [piece, mark] : [piece];
  });
}
