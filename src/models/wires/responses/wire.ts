import { isAzure, knownQuirks, NO_HOST, type WireQuirks } from '../../catalogue/index.ts';
import { type FailureContext, streamLost } from '../../failures/index.ts';
import type { Prompt } from '../../prompt/index.ts';
import type { ResponseDecoder, Wire, WireMaker, WireSettings } from '../index.ts';
import { keyHeaders, OfferedTools, requestUrl } from '../index.ts';
import { type DecodeContext, decodeEvent } from './decode-event.ts';
import { wantsFreeform } from './freeform-outputs.ts';
import { OutputItems } from './output-items.ts';
import { itemsJson, type RequestSettings, RequestWriter, requestOptions, sentTool } from './request-body.ts';

/** The Responses API. */
export const responsesWire: WireMaker = (settings) => new ResponsesWire(settings);

class ResponsesWire implements Wire {
  readonly warnings: readonly string[];
  readonly #settings: WireSettings;
  readonly #known: WireQuirks;
  /** For fingerprints, which describe the thread whatever form a server was found to want. */
  readonly #request: RequestSettings;
  #writer: RequestWriter;

  constructor(settings: WireSettings) {
    this.#settings = settings;
    this.#known = knownQuirks(settings.provider, settings.model.slug);
    this.#request = requestSettings(settings, knownQuirks(NO_HOST, settings.model.slug));
    this.#writer = new RequestWriter(requestSettings(settings, this.#quirks));
    this.warnings = settingWarnings(settings);
  }

  url(): string {
    return requestUrl(this.#settings.provider, (base) => `${base}/responses`);
  }

  headers(bearer: string | null): Record<string, string> {
    const { threadId, provider } = this.#settings;
    return {
      ...keyHeaders(provider, bearer, 'bearer'),
      conversation_id: threadId,
      session_id: threadId,
    };
  }

  write(prompt: Prompt): readonly Uint8Array[] {
    return this.#current.write(prompt);
  }

  inputFrom(prompt: Prompt, from: number): Uint8Array {
    return this.#current.inputFrom(prompt, from);
  }

  formOf({ tools }: Prompt): string {
    return JSON.stringify([this.#request.items, wantsFreeform(tools)]);
  }

  toolsJson(tools: Prompt['tools']): string {
    return JSON.stringify(tools.map(sentTool));
  }

  /** The thread's id is in there as the cache's key, and a fork has another. */
  optionsJson(prompt: Prompt): string {
    const { model } = this.#request;
    return JSON.stringify({ model, ...requestOptions(prompt, this.#request), prompt_cache_key: null });
  }

  itemsJson(prompt: Prompt, from: number): readonly (string | null)[] {
    return itemsJson(prompt, from, this.#request);
  }

  decoder({ tools }: Prompt, failures: FailureContext): ResponseDecoder {
    const provider = this.#settings.provider.id;
    const context: DecodeContext = { tools: new OfferedTools(tools), provider, items: new OutputItems(), failures };
    return {
      decode: (data, events) => decodeEvent(data, context, events),
      end() {
        throw streamLost('stream closed before response.completed', failures);
      },
    };
  }

  get #quirks(): WireQuirks {
    return this.#settings.quirks?.() ?? this.#known;
  }

  /** The same items in another form are other bytes. */
  get #current(): RequestWriter {
    const quirks = this.#quirks;
    if (quirks !== this.#writer.settings.quirks) {
      this.#writer = new RequestWriter(requestSettings(this.#settings, quirks));
    }
    return this.#writer;
  }
}

function requestSettings(
  { model, provider, effort, summary, verbosity, threadId }: WireSettings,
  quirks: WireQuirks,
): RequestSettings {
  const onAzure = isAzure(provider);
  return {
    model: model.slug,
    threadId,
    reasoning: model.supportsReasoning ? { effort, summary } : null,
    verbosity: model.supportsVerbosity ? verbosity : null,
    store: onAzure,
    items: {
      withIds: onAzure,
      withImages: model.supportsImages && quirks.pictures === 'sent',
      thinker: { provider: provider.id, model: model.slug },
      quirks,
    },
    quirks,
  };
}

function settingWarnings({ model, effort, verbosity }: WireSettings): readonly string[] {
  const warnings: string[] = [];
  if (effort !== null && !model.supportsReasoning) {
    warnings.push(`The model "${model.slug}" takes no reasoning effort; "${effort}" is not sent.`);
  }
  if (verbosity !== null && !model.supportsVerbosity) {
    warnings.push(`The model "${model.slug}" takes no verbosity; "${verbosity}" is not sent.`);
  }
  return warnings;
}
