import type { ResponseItem } from '../../../../src/foundation/protocol/index.ts';
import { modelInfo } from '../../../../src/models/catalogue/index.ts';
import { loadWire } from '../../../../src/models/client/index.ts';
import type { ModelEvent, Prompt } from '../../../../src/models/prompt/index.ts';
import type { ModelProvider } from '../../../../src/storage/config/index.ts';
import type { ModelClientOptions } from '../../support.ts';
import {
  clientOf,
  collect,
  type LoopbackServer,
  promptOf,
  providerAt,
  sse,
  streaming,
  type WireEvent,
} from '../../support.ts';

export const MODEL = 'claude-opus-5';
export const origin = { provider: 'anthropic', model: MODEL } as const;

const wire = await loadWire('anthropic');

type ClientChanges = Partial<Omit<ModelClientOptions, 'provider'>>;

export function claudeAt(baseUrl: string, changes: ClientChanges = {}, provider: Partial<ModelProvider> = {}) {
  const anthropic = providerAt(baseUrl, { id: 'anthropic', name: 'Anthropic', wireApi: 'anthropic', ...provider });
  return clientOf(anthropic, { wire, model: modelInfo(MODEL), ...changes });
}

/** One content block as it is streamed: how it begins, then its deltas. */
export type Block = readonly [start: object, ...deltas: object[]];

export const text = (...pieces: string[]): Block => [
  { type: 'text', text: '' },
  ...pieces.map((piece) => ({ type: 'text_delta', text: piece })),
];
export const thinking = (thought: string, signature: string): Block => [
  { type: 'thinking', thinking: '', signature: '' },
  ...(thought === '' ? [] : [{ type: 'thinking_delta', thinking: thought }]),
  { type: 'signature_delta', signature },
];
export const toolUse = (id: string, name: string, ...pieces: string[]): Block => [
  { type: 'tool_use', id, name, input: {} },
  ...pieces.map((partial_json) => ({ type: 'input_json_delta', partial_json })),
];

export const started: WireEvent = { type: 'message_start', message: { id: 'msg_1', role: 'assistant', content: [] } };
export const stopped: WireEvent = { type: 'message_stop' };
export const ending = (stop_reason: string, more: object = {}): WireEvent => ({
  type: 'message_delta',
  delta: { stop_reason, stop_sequence: null },
  ...more,
});

export function blockEvents(...blocks: readonly Block[]): WireEvent[] {
  return blocks.flatMap(([content_block, ...deltas], index) => [
    { type: 'content_block_start', index, content_block },
    ...deltas.map((delta) => ({ type: 'content_block_delta', index, delta })),
    { type: 'content_block_stop', index },
  ]);
}

/** A whole response of these blocks. */
export function answer(blocks: readonly Block[], stopReason = 'end_turn'): string {
  return sse(started, ...blockEvents(...blocks), ending(stopReason), stopped);
}

export function eventsOf(server: LoopbackServer, prompt?: Prompt): Promise<ModelEvent[]> {
  return collect(claudeAt(server.baseUrl), prompt);
}

/** What such a response becomes. */
export async function decoded(body: string, prompt?: Prompt): Promise<ModelEvent[]> {
  return eventsOf(await streaming(body), prompt);
}

export function itemsOf(events: readonly ModelEvent[]): ResponseItem[] {
  return events.flatMap((event) => (event.type === 'itemDone' ? [event.item] : []));
}

const MARK = ',"cache_control":{"type":"ephemeral"}';

/** Bodies of requests for these inputs, sent one after the other by one client, and the same without the cache's marks. */
export async function bodiesFor(
  inputs: readonly (readonly ResponseItem[])[],
  changes: Partial<Prompt> = {},
  client: ClientChanges = {},
): Promise<{ readonly bodies: string[]; readonly unmarked: string[] }> {
  const server = await streaming(answer([text('ok')]));
  const claude = claudeAt(server.baseUrl, client);
  for (const input of inputs) await collect(claude, promptOf({ ...changes, input }));
  const bodies = server.requests.map(({ body }) => body);
  return { bodies, unmarked: bodies.map((body) => body.replaceAll(MARK, '')) };
}

interface SentBlock {
  readonly type: string;
  readonly cache_control?: object;
  readonly [key: string]: unknown;
}
export interface SentMessage {
  readonly role: string;
  readonly content: readonly SentBlock[];
}

/** The messages of the last of these inputs, without the cache's marks. */
export async function messagesFor(
  input: readonly ResponseItem[],
  changes: Partial<Prompt> = {},
  client: ClientChanges = {},
): Promise<SentMessage[]> {
  const { unmarked } = await bodiesFor([input], changes, client);
  return JSON.parse(unmarked[0] ?? '').messages;
}
