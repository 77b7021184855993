import { knownQuirks, NO_HOST, type WireQuirks } from '../../catalogue/index.ts';
import type { FailureContext } from '../../failures/index.ts';
import { jsonText } from '../../json/index.ts';
import type { Prompt } from '../../prompt/index.ts';
import type { ResponseDecoder, Wire, WireMaker, WireSettings } from '../index.ts';
import { keyHeaders, OfferedTools, requestUrl, SentItems } from '../index.ts';
import { ChatDecoder } from './decoder.ts';
import { itemForm, type MessageForm } from './message-parts.ts';
import { MessageList } from './messages.ts';
import { type ChatSettings, chatBody, chatOptions, sentTools } from './request-body.ts';

/** The Chat Completions API, as most servers of models speak it. */
export const chatWire: WireMaker = (settings) => new ChatWire(settings);

class ChatWire implements Wire {
  readonly warnings: readonly string[];
  readonly #settings: WireSettings;
  readonly #known: WireQuirks;
  /** For fingerprints, which describe the thread whatever form a server was found to want. */
  readonly #plainForm: MessageForm;
  #messages: { readonly form: MessageForm; readonly sent: SentItems<MessageList> };

  constructor(settings: WireSettings) {
    this.#settings = settings;
    const known = knownQuirks(settings.provider, settings.model.slug);
    this.#known = known;
    this.#plainForm = formOf(settings, knownQuirks(NO_HOST, settings.model.slug));
    this.#messages = this.#messagesOf(this.#quirks);
    this.warnings = settingWarnings(settings);
  }

  url(): string {
    return requestUrl(this.#settings.provider, (base) => `${base}/chat/completions`);
  }

  headers(bearer: string | null): Record<string, string> {
    return keyHeaders(this.#settings.provider, bearer, 'bearer');
  }

  write(prompt: Prompt): readonly Uint8Array[] {
    const quirks = this.#quirks;
    // The same messages in another form are other bytes.
    if (quirks !== this.#messages.form.quirks) this.#messages = this.#messagesOf(quirks);
    return chatBody(prompt, this.#request(quirks), this.#messages.sent.of(prompt.input).pieces);
  }

  formOf(): string {
    return JSON.stringify(this.#plainForm);
  }

  toolsJson(tools: Prompt['tools']): string {
    return JSON.stringify(sentTools(tools));
  }

  optionsJson(prompt: Prompt): string {
    const { model } = this.#settings;
    const settings = this.#request(this.#plainForm.quirks);
    return JSON.stringify({ model: model.slug, ...chatOptions({ ...prompt, tools: [] }, settings) });
  }

  itemsJson({ input }: Prompt, from: number): readonly (string | null)[] {
    const form = this.#plainForm;
    return input.slice(from).map((item) => {
      const sent = itemForm(item, form);
      return sent === null ? null : jsonText(sent);
    });
  }

  decoder({ tools }: Prompt, failures: FailureContext): ResponseDecoder {
    const { provider, model } = this.#settings;
    const origin = { provider: provider.id, model: model.slug };
    return new ChatDecoder({ tools: new OfferedTools(tools), origin, failures });
  }

  get #quirks(): WireQuirks {
    return this.#settings.quirks?.() ?? this.#known;
  }

  #request(quirks: WireQuirks): ChatSettings {
    const { model, effort } = this.#settings;
    return { model: model.slug, effort: model.supportsReasoning ? effort : null, quirks };
  }

  #messagesOf(quirks: WireQuirks) {
    const form = formOf(this.#settings, quirks);
    return { form, sent: new SentItems(() => new MessageList(form)) };
  }
}

function formOf({ provider, model }: WireSettings, quirks: WireQuirks): MessageForm {
  const withImages = model.supportsImages && quirks.pictures === 'sent';
  return { withImages, thinker: { provider: provider.id, model: model.slug }, quirks };
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
