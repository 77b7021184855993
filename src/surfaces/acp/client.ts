import type {
  AgentContext,
  ClientCapabilities,
  CreateElicitationRequest,
  CreateElicitationResponse,
  ElicitationSchema,
  RequestPermissionRequest,
  RequestPermissionResponse,
  SessionUpdate,
} from '@agentclientprotocol/sdk';
import type { ClientDocuments } from '../../engine/threads/index.ts';

/** How long a client may take for one file, ms. */
const FILE_MS = 10_000;

/** What the client said in `initialize` that it can do. */
export interface ClientAbilities {
  readonly hasNotices: boolean;
  readonly hasCompactions: boolean;
  readonly hasForms: boolean;
  /** It opens a page in the user's browser. */
  readonly opensPages: boolean;
  /** It shows output of commands that it does not run itself, by `_meta`. */
  readonly hasTerminalOutput: boolean;
  readonly hasTerminalLogin: boolean;
  readonly readsFiles: boolean;
  readonly writesFiles: boolean;
}

export function abilitiesOf(capabilities: ClientCapabilities = {}): ClientAbilities {
  const { session, elicitation, auth, fs, _meta: meta } = capabilities;
  return {
    hasNotices: (session?.notices ?? null) !== null,
    hasCompactions: (session?.compaction ?? null) !== null,
    hasForms: (elicitation?.form ?? null) !== null,
    opensPages: (elicitation?.url ?? null) !== null,
    hasTerminalOutput: meta?.['terminal_output'] === true,
    hasTerminalLogin: auth?.terminal === true,
    readsFiles: fs?.readTextFile === true,
    writesFiles: fs?.writeTextFile === true,
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

  /** Text files by the client; null: it can't do anything with them. */
  get documents(): ClientDocuments | null {
    const { readsFiles, writesFiles } = this.can;
    if (!readsFiles && !writesFiles) return null;
    const sessionId = this.#sessionId;
    const options = (signal: AbortSignal) => ({
      cancellationSignal: AbortSignal.any([signal, AbortSignal.timeout(FILE_MS)]),
      stopWaitingOnCancel: true,
    });
    return {
      read: async (path, signal) => {
        if (!readsFiles) return null;
        const asked = this.#context.request('fs/read_text_file', { sessionId, path }, options(signal));
        return (await answerOf(asked))?.content ?? null;
      },
      write: async (path, content, signal) => {
        if (!writesFiles) return false;
        const asked = this.#context.request('fs/write_text_file', { sessionId, path, content }, options(signal));
        return (await answerOf(asked)) !== null;
      },
    };
  }

  /** A form with one choice. @throws as `askPermission` */
  askChoice(
    { message, name, options }: { message: string; name: string; options: readonly { const: string; title: string }[] },
    signal: AbortSignal,
  ): Promise<CreateElicitationResponse> {
    const field = { type: 'string' as const, title: name, oneOf: [...options] };
    const requestedSchema = { type: 'object' as const, properties: { [name]: field }, required: [name] };
    return this.askForm({ message, requestedSchema }, signal);
  }

  /** @throws as `askPermission` */
  askForm(
    form: { message: string; requestedSchema: ElicitationSchema },
    signal: AbortSignal,
  ): Promise<CreateElicitationResponse> {
    return this.#elicit({ sessionId: this.#sessionId, mode: 'form', ...form }, signal);
  }

  /** A page that the user opens. @throws as `askPermission` */
  askToOpen(
    page: { message: string; url: string; elicitationId: string },
    signal: AbortSignal,
  ): Promise<CreateElicitationResponse> {
    return this.#elicit({ sessionId: this.#sessionId, mode: 'url', ...page }, signal);
  }

  /** What the user did at a page that they were asked to open is over. */
  async pageCompleted(elicitationId: string): Promise<void> {
    if (!this.can.opensPages) return;
    try {
      await this.#context.notify('elicitation/complete', { elicitationId });
    } catch {
      // The client is gone: the end of the connection ends the session.
    }
  }

  #elicit(params: CreateElicitationRequest, signal: AbortSignal): Promise<CreateElicitationResponse> {
    return this.#context.request('elicitation/create', params, {
      cancellationSignal: signal,
      stopWaitingOnCancel: true,
    });
  }
}

/** Null if the client refuses, does not answer in time, or is not waited for any more. */
async function answerOf<T>(asked: Promise<T>): Promise<T | null> {
  try {
    return await asked;
  } catch {
    // keel does it itself, by the disk.
    return null;
  }
}
