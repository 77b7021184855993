import { Readable, Writable } from 'node:stream';
import {
  type AnyMessage,
  type ClientCapabilities,
  type ClientContext,
  type CreateElicitationRequest,
  client,
  type InitializeResponse,
  ndJsonStream,
  type RequestPermissionRequest,
  type SessionUpdate,
} from '@agentclientprotocol/sdk';
import { type KeelOptions, type LiveKeel, startKeel } from '../keel.ts';

export interface AcpClientOptions extends KeelOptions {
  readonly capabilities?: ClientCapabilities;
  readonly args?: readonly string[];
  /** The id of the option to choose, or null to cancel. Default: a test that expects no question fails. */
  readonly answer?: (question: RequestPermissionRequest) => Promise<string | null> | string | null;
  /** The text that the editor has of a file; throws where it gives none. */
  readonly readFile?: (path: string) => string;
  /** Saves a file. */
  readonly writeFile?: (path: string, text: string) => void;
  /** The content of a form; null declines it. */
  readonly fill?: (
    form: CreateElicitationRequest,
  ) => Record<string, string> | null | Promise<Record<string, string> | null>;
}

/** An update of a session, in the order in which the client got them. */
export type Update = SessionUpdate & { readonly sessionId: string };

export interface AcpClient extends AsyncDisposable {
  readonly agent: ClientContext;
  readonly greeting: InitializeResponse;
  readonly updates: Update[];
  readonly questions: RequestPermissionRequest[];
  /** Every message of the agent, as it was written. */
  readonly wire: () => AnyMessage[];
  readonly live: LiveKeel;
}

/** The protocol's own client, with a built keel that it starts. */
export async function connectAcp(options: AcpClientOptions): Promise<AcpClient> {
  const live = startKeel(['acp', ...(options.args ?? [])], options);
  const updates: Update[] = [];
  const questions: RequestPermissionRequest[] = [];
  const app = client({ name: 'editor' })
    .onNotification('session/update', ({ params }) => {
      updates.push({ ...params.update, sessionId: params.sessionId });
    })
    .onRequest('session/request_permission', async ({ params }) => {
      questions.push(params);
      const optionId = (await options.answer?.(params)) ?? null;
      return { outcome: optionId === null ? { outcome: 'cancelled' } : { outcome: 'selected', optionId } };
    })
    .onRequest('fs/read_text_file', ({ params }) => {
      if (options.readFile === undefined) throw new Error('no file was expected to be read');
      return { content: options.readFile(params.path) };
    })
    .onRequest('fs/write_text_file', ({ params }) => {
      if (options.writeFile === undefined) throw new Error('no file was expected to be written');
      options.writeFile(params.path, params.content);
      return {};
    })
    .onRequest('elicitation/create', async ({ params }) => {
      const content = (await options.fill?.(params)) ?? null;
      return content === null ? { action: 'decline' as const } : { action: 'accept' as const, content };
    });
  const output = Readable.toWeb(live.child.stdout, {}) as ReadableStream<Uint8Array>;
  const connection = app.connect(
    ndJsonStream(Writable.toWeb(live.child.stdin) as WritableStream<Uint8Array>, bytesOf(output)),
  );
  const greeting = await connection.agent.request('initialize', {
    protocolVersion: 1,
    clientCapabilities: options.capabilities ?? {},
    clientInfo: { name: 'editor', version: '1' },
  });
  return {
    agent: connection.agent,
    greeting,
    updates,
    questions,
    live,
    wire: () =>
      live
        .stdout()
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as AnyMessage),
    async [Symbol.asyncDispose]() {
      live.child.stdin.end();
      await live.ended;
      connection.close();
    },
  };
}

/** `startKeel` reads the output as text. */
function bytesOf(stream: ReadableStream<unknown>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return stream.pipeThrough(
    new TransformStream<unknown, Uint8Array>({
      transform: (chunk, controller) =>
        controller.enqueue(typeof chunk === 'string' ? encoder.encode(chunk) : (chunk as Uint8Array)),
    }),
  );
}
