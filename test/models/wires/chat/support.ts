import type { ResponseItem } from '../../../../src/foundation/protocol/index.ts';
import { modelInfo } from '../../../../src/models/catalogue/index.ts';
import { loadWire } from '../../../../src/models/client/index.ts';
import type { ModelEvent, Prompt } from '../../../../src/models/prompt/index.ts';
import type { ModelProvider } from '../../../../src/storage/config/index.ts';
import { clientOf, collect, providerAt, streaming } from '../../support.ts';

export const MODEL = 'local-model';
export const origin = { provider: 'local', model: MODEL } as const;

const wire = await loadWire('chat');

export function chatAt(baseUrl: string, provider: Partial<ModelProvider> = {}) {
  const local = providerAt(baseUrl, { id: 'local', name: 'Local', wireApi: 'chat', ...provider });
  return clientOf(local, { wire, model: modelInfo(MODEL) });
}

/** A chunk with this delta. */
export function chunk(delta: object, finish_reason: string | null = null): object {
  return { id: 'chatcmpl_1', object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason }] };
}

export const piece = (index: number, args: string, start: object = {}) =>
  chunk({ tool_calls: [{ index, ...start, function: { arguments: args } }] });

export const begun = (index: number, id: string, name: string) =>
  chunk({ tool_calls: [{ index, id, type: 'function', function: { name, arguments: '' } }] });

/** As it goes over the wire. Strings go as they are. */
export function body(...events: readonly (object | string)[]): string {
  return events.map((event) => `data: ${typeof event === 'string' ? event : JSON.stringify(event)}\n\n`).join('');
}

export async function eventsOf(stream: string, prompt?: Prompt): Promise<ModelEvent[]> {
  const server = await streaming(stream);
  return collect(chatAt(server.baseUrl), prompt);
}

export function itemsOf(events: readonly ModelEvent[]): ResponseItem[] {
  return events.flatMap((event) => (event.type === 'itemDone' ? [event.item] : []));
}

/** What of these prompts' requests is sent, as JSON. */
export async function requestsFor(...prompts: readonly Prompt[]): Promise<string[]> {
  const server = await streaming(body(chunk({ content: 'ok' }, 'stop'), '[DONE]'));
  const client = chatAt(server.baseUrl);
  for (const prompt of prompts) await collect(client, prompt);
  return server.requests.map((request) => request.body);
}
