import type { FailureContext } from '../../failures/index.ts';
import type { Prompt } from '../../prompt/index.ts';
import type { ResponseDecoder, Wire, WireMaker, WireSettings } from '../index.ts';
import { keyHeaders, OfferedTools, requestUrl } from '../index.ts';
import { MessagesDecoder } from './decoder.ts';
import { type BlockForm, blocksJson } from './item-blocks.ts';
import { type MessagesSettings, MessagesWriter } from './request-body.ts';
import { toolsJson } from './tools.ts';

const API_VERSION = '2023-06-01';
const VERTEX_VERSION = 'vertex-2023-10-16';
/** The API wants a limit. What nearly every model can write at once, in tokens, where the catalogue knows no better. */
const DEFAULT_MAX_TOKENS = 32_000;

/** Anthropic's Messages API. */
export const anthropicWire: WireMaker = (settings) => new AnthropicWire(settings);

class AnthropicWire implements Wire {
  readonly warnings: readonly string[];
  readonly #settings: WireSettings;
  readonly #request: MessagesSettings;
  readonly #writer: MessagesWriter;

  constructor(settings: WireSettings) {
    this.#settings = settings;
    this.#request = requestSettings(settings);
    this.#writer = new MessagesWriter(this.#request);
    this.warnings = settingWarnings(settings);
  }

  url(): string {
    const { provider, model } = this.#settings;
    if (provider.endpoint === 'vertex') {
      const name = encodeURIComponent(model.slug);
      return requestUrl(provider, (base) => `${base}/publishers/anthropic/models/${name}:streamRawPredict`);
    }
    // The version belongs to the endpoint; a base that ends with it means the same.
    return requestUrl(provider, (base) => `${base.replace(/\/v1$/, '')}/v1/messages`);
  }

  /** A key has a header of its own here; a token goes as a bearer. Vertex AI wants the version in the body. */
  headers(key: string | null): Record<string, string> {
    const { provider } = this.#settings;
    const version: Record<string, string> = provider.endpoint === 'vertex' ? {} : { 'anthropic-version': API_VERSION };
    return { ...keyHeaders(provider, key, 'x-api-key'), ...version };
  }

  write(prompt: Prompt): readonly Uint8Array[] {
    return this.#writer.write(prompt);
  }

  formOf(): string {
    return JSON.stringify(this.#request.form);
  }

  toolsJson(tools: Prompt['tools']): string {
    return toolsJson(tools) ?? '[]';
  }

  optionsJson(prompt: Prompt): string {
    return this.#writer.optionsJson(prompt);
  }

  /** Without the ids of calls, which depend on the items before. */
  itemsJson({ input }: Prompt, from: number): readonly (string | null)[] {
    return input.slice(from).map((item) => {
      const blocks = blocksJson(item, this.#request.form);
      return blocks.length === 0 ? null : blocks.join(',');
    });
  }

  decoder({ tools }: Prompt, failures: FailureContext): ResponseDecoder {
    const { provider, model } = this.#settings;
    return new MessagesDecoder({
      tools: new OfferedTools(tools),
      origin: { provider: provider.id, model: model.slug },
      thoughtsAreSummaries: model.family.startsWith('claude'),
      maxTokens: this.#request.maxTokens,
      failures,
    });
  }
}

function requestSettings({ provider, model, effort, summary }: WireSettings): MessagesSettings {
  const form: BlockForm = {
    withImages: model.supportsImages,
    thinker: { provider: provider.id, model: model.slug },
  };
  const maxTokens = model.maxOutputTokens ?? DEFAULT_MAX_TOKENS;
  const name: MessagesSettings['name'] =
    provider.endpoint === 'vertex' ? { anthropic_version: VERTEX_VERSION } : { model: model.slug };
  return { name, thinking: model.thinking, effort, summary, maxTokens, form };
}

function settingWarnings({ model, effort, verbosity }: WireSettings): readonly string[] {
  const warnings: string[] = [];
  if (effort !== null && model.thinking === null) {
    warnings.push(`The model "${model.slug}" takes no reasoning effort; "${effort}" is not sent.`);
  }
  if (verbosity !== null) {
    warnings.push(`The Messages API takes no verbosity; "${verbosity}" is not sent.`);
  }
  return warnings;
}
