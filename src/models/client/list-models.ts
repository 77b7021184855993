import { connectionFailed, type FailureContext, statusFailure } from '../failures/index.ts';
import { asObject, type JsonObject, numberField, objectField, parseJson, stringField } from '../json/index.ts';
import type { Transport } from './transport.ts';

/** A model as its provider lists it. Null: the list does not say. */
export interface ListedModel {
  readonly id: string;
  /** Tokens. */
  readonly contextWindow: number | null;
  readonly takesTools: boolean | null;
}

export interface ListRequest {
  /** The address of the API that answers, such as `…/v1/responses`: the list is beside it. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly transport: Transport;
  readonly context: FailureContext;
}

/** Far above any list. */
const MAX_CHARS = 16 * 1024 * 1024;
const ENDPOINT = /\/(?:responses|chat\/completions|messages)$/;

/**
 * The models that a provider has, in its order: OpenAI's `GET /models`, which all others speak too, with what OpenRouter, Mistral
 * and vLLM add.
 * @throws ModelError; the signal's reason when it aborts
 */
export async function listModels(
  { url, headers, transport, context }: ListRequest,
  signal: AbortSignal,
): Promise<readonly ListedModel[]> {
  const address = new URL(url);
  address.pathname = address.pathname.replace(ENDPOINT, '/models');
  // Anthropic gives 20 a page otherwise; others do not know the field.
  if (url.endsWith('/messages')) address.searchParams.set('limit', '1000');
  try {
    const request = {
      method: 'GET',
      url: address.href,
      headers: { ...headers, Accept: 'application/json' },
      body: [],
    } as const;
    const response = await transport.send(request, signal);
    let text = '';
    for await (const piece of response.text) {
      text += piece;
      if (text.length > MAX_CHARS) {
        response.destroy();
        break;
      }
    }
    if (response.status < 200 || response.status > 299) throw statusFailure(response, text, context);
    return modelsIn(parseJson(text));
  } catch (error) {
    if (signal.aborted || (error instanceof Error && error.name === 'ModelError')) throw error;
    throw connectionFailed(error, context);
  }
}

/** `data` is the published place; llama.cpp and Ollama also have `models`. */
function modelsIn(value: unknown): ListedModel[] {
  const object = asObject(value);
  const list = [value, object?.['data'], object?.['models']].find(Array.isArray) ?? [];
  return list.flatMap((entry: unknown) => {
    const model = asObject(entry);
    const id = stringField(model, 'id') ?? stringField(model, 'name');
    return model === null || id === null ? [] : [{ id, contextWindow: windowIn(model), takesTools: toolsIn(model) }];
  });
}

/** OpenRouter, Mistral, vLLM, LM Studio. */
function windowIn(model: JsonObject): number | null {
  const names = ['context_length', 'max_context_length', 'max_model_len', 'context_window', 'loaded_context_length'];
  for (const name of names) {
    const tokens = numberField(model, name);
    if (tokens !== null && tokens > 0) return tokens;
  }
  return null;
}

/** OpenRouter's `supported_parameters`, Mistral's and others' `capabilities`. */
function toolsIn(model: JsonObject): boolean | null {
  const parameters = model['supported_parameters'];
  if (Array.isArray(parameters)) return parameters.includes('tools');
  const named = model['capabilities'];
  if (Array.isArray(named)) return named.some((one) => one === 'tools' || one === 'tool_use');
  const capabilities = objectField(model, 'capabilities');
  for (const name of ['function_calling', 'tools', 'tool_use']) {
    const value = capabilities?.[name];
    if (typeof value === 'boolean') return value;
  }
  return null;
}
