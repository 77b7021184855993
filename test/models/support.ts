import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import type { TaskKind } from '../../src/foundation/protocol/index.ts';
import { modelInfo } from '../../src/models/catalogue/index.ts';
import { HttpTransport, loadWire, ModelClient } from '../../src/models/client/index.ts';
import { ModelError } from '../../src/models/failures/index.ts';
import type { ModelEvent, Prompt } from '../../src/models/prompt/index.ts';
import type { ModelProvider } from '../../src/storage/config/index.ts';

export type ModelClientOptions = ConstructorParameters<typeof ModelClient>[0];

/** The Responses API. */
const wire = await loadWire('responses');

export interface SeenRequest {
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly socket: Socket;
}

export interface LoopbackServer {
  readonly baseUrl: string;
  readonly requests: SeenRequest[];
}

type Reply = (response: ServerResponse, request: SeenRequest, index: number) => void;

/** A server for one test that answers each POST with `reply`. */
export async function loopback(reply: Reply): Promise<LoopbackServer> {
  const requests: SeenRequest[] = [];
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const body = Buffer.concat(chunks).toString('utf8');
      const seen = { url: incoming.url ?? '', headers: incoming.headers, body, socket: incoming.socket };
      requests.push(seen);
      reply(response, seen, requests.length - 1);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo; // listening on TCP, so this is its form
  return { baseUrl: `http://127.0.0.1:${port}/v1`, requests };
}

export interface WireEvent {
  readonly type: string;
  readonly [key: string]: unknown;
}

/** Events in wire form, each with its type as the event's name. */
export function sse(...events: readonly WireEvent[]): string {
  return events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join('');
}

export const created = { type: 'response.created', response: { id: 'resp_1' } };
export const completed = { type: 'response.completed', response: { id: 'resp_1' } };
export const itemDone = (item: object) => ({ type: 'response.output_item.done', item });
export const assistantMessage = (text: string) => ({
  type: 'message' as const,
  role: 'assistant',
  content: [{ type: 'output_text' as const, text }],
});
export const userMessage = (text: string) => ({
  type: 'message' as const,
  role: 'user',
  content: [{ type: 'input_text' as const, text }],
});

/** Answers with one finished event stream. */
export function respond(response: ServerResponse, text: string, headers: Record<string, string> = {}): void {
  response.writeHead(200, { 'Content-Type': 'text/event-stream', ...headers }).end(text);
}

/** A server whose every answer is this event stream. */
export function streaming(text: string, headers: Record<string, string> = {}): Promise<LoopbackServer> {
  return loopback((response) => respond(response, text, headers));
}

export function refusing(status: number, body: string, headers: Record<string, string> = {}): Promise<LoopbackServer> {
  return loopback((response) => response.writeHead(status, headers).end(body));
}

export function providerAt(baseUrl: string, changes: Partial<ModelProvider> = {}): ModelProvider {
  return {
    id: 'loopback',
    name: 'Loopback',
    baseUrl,
    wireApi: 'responses',
    queryParams: {},
    httpHeaders: {},
    envHttpHeaders: {},
    requestMaxRetries: 0,
    streamMaxRetries: 0,
    streamIdleTimeoutMs: 60_000,
    requiresOpenaiAuth: false,
    ...changes,
  };
}

/** A client for one test; its connections are closed when the test ends. */
export function clientOf(
  provider: ModelProvider,
  changes: Partial<Omit<ModelClientOptions, 'provider'>> = {},
): ModelClient {
  const client = new ModelClient({
    wire,
    provider,
    model: modelInfo('gpt-5-codex'),
    threadId: '0199c0de-7f60-7abc-8def-001122334455',
    effort: null,
    summary: 'auto',
    verbosity: null,
    originator: 'keel_exec',
    userAgent: 'keel_exec/0 (test)',
    sessionSource: 'exec',
    credentials: () => ({ bearer: 'test-key-123', source: 'the environment variable TEST_KEY', headers: {} }),
    transport: new HttpTransport({ env: {} }),
    ...changes,
  });
  onTestFinished(() => client.close());
  return client;
}

export function promptOf(changes: Partial<Prompt> = {}): Prompt {
  return {
    instructions: 'You are keel.',
    input: [userMessage('hello')],
    tools: [],
    parallelToolCalls: false,
    ...changes,
  };
}

export const NEVER = new AbortController().signal;

/** All events of one request. */
export async function collect(
  client: ModelClient,
  prompt = promptOf(),
  signal = NEVER,
  taskKind: TaskKind = 'regular',
): Promise<ModelEvent[]> {
  const events: ModelEvent[] = [];
  for await (const batch of client.stream(prompt, { taskKind, signal })) events.push(...batch);
  return events;
}

/** Sends one request and gives its body as it reached the server. */
export async function sentBody(
  prompt: Prompt,
  changes: Parameters<typeof clientOf>[1] = {},
  provider: Partial<ModelProvider> = {},
): Promise<Record<string, unknown>> {
  const server = await streaming(sse(completed));
  await collect(clientOf(providerAt(server.baseUrl, provider), changes), prompt);
  return JSON.parse(server.requests[0]?.body ?? 'null');
}

/** The error that a request fails with. */
export async function failureOf(work: Promise<unknown>): Promise<ModelError> {
  const error = await work.then(
    () => new Error('the request did not fail'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof ModelError)) throw error;
  return error;
}

/** The error of a response that is this event stream. */
export async function streamFailure(...events: readonly WireEvent[]): Promise<ModelError> {
  const server = await streaming(sse(...events));
  return failureOf(collect(clientOf(providerAt(server.baseUrl))));
}
