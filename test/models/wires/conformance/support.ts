import type { ResponseItem } from '../../../../src/foundation/protocol/index.ts';
import { modelInfo } from '../../../../src/models/catalogue/index.ts';
import { knownQuirks, NO_HOST, type WireQuirks } from '../../../../src/models/catalogue/wire-quirks.ts';
import { loadWire, type ModelClient } from '../../../../src/models/client/index.ts';
import type { ModelEvent, Prompt } from '../../../../src/models/prompt/index.ts';
import type { ModelProvider } from '../../../../src/storage/config/index.ts';
import { type Api, requestFaults, type StrictRules } from '../../../../src/testing/index.ts';
import { clientOf, collect, type ModelClientOptions, promptOf, providerAt, streaming } from '../../support.ts';

const wires = {
  responses: await loadWire('responses'),
  chat: await loadWire('chat'),
  anthropic: await loadWire('anthropic'),
} as const;

/** A provider and model that speak an API. */
export interface Speaker {
  readonly api: Api;
  readonly provider: string;
  readonly model: string;
  readonly quirks?: Partial<WireQuirks>;
  readonly rules?: StrictRules;
}

/** What the scripted chat servers send beyond the published API. */
const ownFields = [
  ...['reasoning', 'reasoning_content', 'reasoning_details', 'thinking_blocks', 'thinking', 'extra_content'],
];

export const SPEAKERS: readonly Speaker[] = [
  { api: 'responses', provider: 'openai', model: 'gpt-5.4' },
  { api: 'chat', provider: 'local', model: 'local-model', rules: { ownFields } },
  {
    api: 'chat',
    provider: 'strict',
    model: 'gemma-3',
    quirks: { roles: 'alternating', callIds: 'nine', reasoningField: 'omitted', extraFields: 'omitted' },
    rules: { roles: 'alternating' },
  },
  {
    api: 'chat',
    provider: 'thinker',
    model: 'kimi-k2.5',
    quirks: { reasoningField: 'required' },
    rules: { ownFields },
  },
  { api: 'anthropic', provider: 'anthropic', model: 'claude-opus-5' },
];

export function clientFor(
  { api, provider, model, quirks = {} }: Speaker,
  baseUrl = 'http://127.0.0.1:9/v1',
  learned?: () => WireQuirks,
  connections: Pick<Partial<ModelClientOptions>, 'transport' | 'socket'> = {},
): ModelClient {
  const entry: ModelProvider = providerAt(baseUrl, { id: provider, wireApi: api });
  const known: WireQuirks = { ...knownQuirks(NO_HOST, ''), ...quirks };
  return clientOf(entry, {
    wire: wires[api],
    model: modelInfo(model),
    quirks: learned ?? (() => known),
    ...connections,
  });
}

/** The body of the request that a prompt makes. */
export function bodyOf(client: ModelClient, changes: Partial<Prompt>): string {
  return client.describe(promptOf(changes)).body;
}

export function faultsOf({ api, rules }: Speaker, body: string): readonly string[] {
  return requestFaults(api, JSON.parse(body), rules);
}

/** What a raw response becomes. */
export async function readBy(speaker: Speaker, stream: string, prompt?: Prompt): Promise<readonly ModelEvent[]> {
  const server = await streaming(stream);
  return collect(clientFor(speaker, server.baseUrl), prompt);
}

export function itemsOf(events: readonly ModelEvent[]): readonly ResponseItem[] {
  return events.flatMap((event) => (event.type === 'itemDone' ? [event.item] : []));
}
