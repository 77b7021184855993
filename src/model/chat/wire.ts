import type { ResponseItem } from '../../protocol/index.ts';
import type { Credentials } from '../credentials.ts';
import type { FailureContext } from '../failures.ts';
import type { Prompt } from '../prompt.ts';
import { requestUrl } from '../request-url.ts';
import type { ResponseDecoder, Wire, WireMaker, WireSettings } from '../wire.ts';
import { OfferedTools } from '../wire-names.ts';
import { ChatDecoder } from './decoder.ts';
import { MessageBytes } from './message-bytes.ts';
import { type MessageForm, MessageList, thoughtFields } from './messages.ts';
import { type ChatSettings, chatBody, chatOptions, sentTools } from './request-body.ts';

/** The Chat Completions API, as most servers of models speak it. */
export const chatWire: WireMaker = (settings) => new ChatWire(settings);

class ChatWire implements Wire {
  /** Base URLs of servers that refuse to be asked for the usage. */
  static readonly #withoutUsage = new Set<string>();
  readonly warnings: readonly string[];
  readonly #settings: WireSettings;
  readonly #request: ChatSettings;
  readonly #messages: MessageBytes;

  constructor(settings: WireSettings) {
    const { provider, model, effort } = settings;
    this.#settings = settings;
    this.#request = {
      model: model.slug,
      effort: model.supportsReasoning ? effort : null,
      form: { withImages: model.supportsImages, thinker: { provider: provider.id, model: model.slug } },
    };
    this.#messages = new MessageBytes(this.#request.form);
    this.warnings = settingWarnings(settings);
  }

  url(): string {
    return requestUrl(this.#settings.provider, (base) => `${base}/chat/completions`);
  }

  headers({ bearer }: Credentials): Record<string, string> {
    return bearer === null ? {} : { Authorization: `Bearer ${bearer}` };
  }

  write(prompt: Prompt): readonly Uint8Array[] {
    const { baseUrl } = this.#settings.provider;
    return chatBody(prompt, this.#request, this.#messages, !ChatWire.#withoutUsage.has(baseUrl));
  }

  adaptTo(status: number, body: string): boolean {
    const { baseUrl } = this.#settings.provider;
    if (status !== 400 || !/stream_options|include_usage/.test(body)) return false;
    if (ChatWire.#withoutUsage.has(baseUrl)) return false;
    ChatWire.#withoutUsage.add(baseUrl);
    return true;
  }

  formOf(): string {
    return JSON.stringify(this.#request.form);
  }

  toolsJson(tools: Prompt['tools']): string {
    return JSON.stringify(sentTools(tools));
  }

  optionsJson(prompt: Prompt): string {
    return JSON.stringify({ model: this.#request.model, ...chatOptions({ ...prompt, tools: [] }, this.#request) });
  }

  itemsJson({ input }: Prompt, from: number): readonly (string | null)[] {
    const { form } = this.#request;
    return input.slice(from).map((item) => {
      const sent = item.type === 'reasoning' ? thoughtFields(item, form) : messageOf(item, form);
      return Object.keys(sent).length === 0 ? null : JSON.stringify(sent);
    });
  }

  decoder({ tools }: Prompt, failures: FailureContext): ResponseDecoder {
    const { provider, model } = this.#settings;
    const origin = { provider: provider.id, model: model.slug };
    return new ChatDecoder({ tools: new OfferedTools(tools), origin, failures });
  }
}

/** Of an item by itself; empty for one that is not sent. */
function messageOf(item: ResponseItem, form: MessageForm): object {
  const list = new MessageList(form);
  list.add(item);
  return list.takeClosed()[0] ?? list.open ?? {};
}

function settingWarnings({ model, effort, verbosity }: WireSettings): readonly string[] {
  const warnings: string[] = [];
  if (effort !== null && !model.supportsReasoning) {
    warnings.push(`The model "${model.slug}" takes no reasoning effort; "${effort}" is not sent.`);
  }
  if (verbosity !== null) {
    warnings.push(`The Chat Completions API takes no verbosity; "${verbosity}" is not sent.`);
  }
  return warnings;
}
