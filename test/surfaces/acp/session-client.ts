import {
  type AgentContext,
  type AnyMessage,
  agent,
  type ClientCapabilities,
  type CreateElicitationRequest,
  type CreateElicitationResponse,
  client,
  type RequestPermissionRequest,
  type RequestPermissionResponse,
  type SessionUpdate,
} from '@agentclientprotocol/sdk';
import { abilitiesOf, SessionClient } from '../../../src/surfaces/acp/client.ts';

export interface EditorOptions {
  readonly capabilities?: ClientCapabilities;
  readonly answer?: (
    question: RequestPermissionRequest,
  ) => Promise<RequestPermissionResponse> | RequestPermissionResponse;
  readonly fill?: (form: CreateElicitationRequest) => Promise<CreateElicitationResponse> | CreateElicitationResponse;
  readonly readFile?: (path: string) => string;
  readonly writeFile?: (path: string, text: string) => void;
}

export interface Editor extends AsyncDisposable {
  readonly session: SessionClient;
  /** The updates that were written, in their order. */
  readonly updates: SessionUpdate[];
  /** Pages that are done, as the client heard of them. */
  readonly completed: string[];
}

/** A session's client whose other end is the protocol's own client, in this process. */
export async function editor(options: EditorOptions = {}): Promise<Editor> {
  const updates: SessionUpdate[] = [];
  const completed: string[] = [];
  const toClient = new TransformStream<AnyMessage, AnyMessage>({
    transform(message, controller) {
      const update = updateIn(message);
      if (update !== null) updates.push(update);
      controller.enqueue(message);
    },
  });
  const toAgent = new TransformStream<AnyMessage, AnyMessage>();
  const context = Promise.withResolvers<AgentContext>();
  const served = agent({ name: 'keel' })
    .onRequest('initialize', ({ client: other }) => {
      context.resolve(other);
      return { protocolVersion: 1, agentCapabilities: {} };
    })
    .connect({ readable: toAgent.readable, writable: toClient.writable });
  const connection = client({ name: 'editor' })
    .onNotification('session/update', () => undefined)
    .onNotification('elicitation/complete', ({ params }) => void completed.push(params.elicitationId))
    .onRequest('session/request_permission', async ({ params }) => {
      if (options.answer === undefined) throw new Error('no question was expected');
      return await options.answer(params);
    })
    .onRequest('elicitation/create', async ({ params }) => {
      if (options.fill === undefined) throw new Error('no form was expected');
      return await options.fill(params);
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
    .connect({ readable: toClient.readable, writable: toAgent.writable });
  await connection.agent.request('initialize', { protocolVersion: 1, clientCapabilities: {} });
  const session = new SessionClient('session_1', await context.promise, abilitiesOf(options.capabilities));
  return {
    session,
    updates,
    completed,
    async [Symbol.asyncDispose]() {
      connection.close();
      served.close();
      await Promise.all([connection.closed, served.closed]);
    },
  };
}

function updateIn(message: AnyMessage): SessionUpdate | null {
  if (!('method' in message) || message.method !== 'session/update') return null;
  const { params } = message;
  return typeof params === 'object' && params !== null && 'update' in params && isUpdate(params.update)
    ? params.update
    : null;
}

function isUpdate(value: unknown): value is SessionUpdate {
  return typeof value === 'object' && value !== null && 'sessionUpdate' in value;
}
