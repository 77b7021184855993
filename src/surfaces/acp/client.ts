import type {
  AgentContext,
  ClientCapabilities,
  CreateElicitationResponse,
  RequestPermissionRequest,
  RequestPermissionResponse,
  SessionUpdate,
} from '@agentclientprotocol/sdk';

/** What the client said in `initialize` that it can do. */
export interface ClientAbilities {
  readonly hasNotices: boolean;
  readonly hasCompactions: boolean;
  readonly hasForms: boolean;
  /** It shows output of commands that it does not run itself, by `_meta`. */
  readonly hasTerminalOutput: boolean;
  readonly hasTerminalLogin: boolean;
}

export function abilitiesOf(capabilities: ClientCapabilities = {}): ClientAbilities {
  const { session, elicitation, auth, _meta: meta } = capabilities;
  return {
    hasNotices: (session?.notices ?? null) !== null,
    hasCompactions: (session?.compaction ?? null) !== null,
    hasForms: (elicitation?.form ?? null) !== null,
    hasTerminalOutput: meta?.['terminal_output'] === true,
    hasTerminalLogin: auth?.terminal === true,
  };
}

/** The client, as one of its sessions sees it. */
export class SessionClient {
  readonly can: ClientAbilities;
  readonly #sessionId: string;
  readonly #context: AgentContext;

  constructor(sessionId: string, context: AgentContext, can: ClientAbilities) {
    this.can = can;
    this.#sessionId = sessionId;
    this.#context = context;
  }

  /** Sends an update; resolves when it has been written. Updates are written in the order in which they are sent. */
  async update(update: SessionUpdate): Promise<void> {
    try {
      await this.#context.notify('session/update', { sessionId: this.#sessionId, update });
    } catch {
      // The client is gone: the end of the connection ends the session.
    }
  }

  /** @throws RequestError, or the end of the connection; the signal withdraws the question */
  askPermission(
    question: Omit<RequestPermissionRequest, 'sessionId'>,
    signal: AbortSignal,
  ): Promise<RequestPermissionResponse> {
    const params = { sessionId: this.#sessionId, ...question };
    return this.#context.request('session/request_permission', params, {
      cancellationSignal: signal,
      stopWaitingOnCancel: true,
    });
  }

  /** A form with one choice. @throws as `askPermission` */
  askChoice(
    { message, name, options }: { message: string; name: string; options: readonly { const: string; title: string }[] },
    signal: AbortSignal,
  ): Promise<CreateElicitationResponse> {
    const field = { type: 'string' as const, title: name, oneOf: [...options] };
    const requestedSchema = { type: 'object' as const, properties: { [name]: field }, required: [name] };
    const params = { sessionId: this.#sessionId, mode: 'form' as const, message, requestedSchema };
    return this.#context.request('elicitation/create', params, {
      cancellationSignal: signal,
      stopWaitingOnCancel: true,
    });
  }
}
