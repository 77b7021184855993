import type { ResponseItem } from '../../../foundation/protocol/index.ts';
import type { Prompt } from '../../prompt/index.ts';
import type { Wire } from '../../wires/index.ts';
import type { Connection, HttpRequest, Transport } from '../transport.ts';
import { type BodyPieces, type KnownResponse, newItemsFrom } from './response-chain.ts';

export interface SocketRequest {
  readonly prompt: Prompt;
  readonly wire: Wire;
  readonly request: HttpRequest;
}

/** Asks for the messages of the Responses API over a WebSocket (the name of the version is OpenAI's). */
const BETA = { 'OpenAI-Beta': 'responses_websockets=2026-02-06' } as const;
const CREATE = '{"type":"response.create",';

/**
 * The WebSocket of a session. Over it a response continues the one before: only what is new is sent, with the id of that
 * response. One response at a time; whoever comes meanwhile uses HTTP.
 */
export class ResponseSocket {
  readonly #transport: Transport;
  #connection: Connection | null = null;
  /** What the server knows by this connection. */
  #known: KnownResponse | null = null;
  #state: 'idle' | 'busy' | 'off' = 'idle';

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Whether a response can be asked for now. */
  get isFree(): boolean {
    return this.#state === 'idle' && this.#transport.connect !== undefined;
  }

  /** No further attempts in this session: this server has none, or none that works. */
  switchOff(): void {
    this.#state = 'off';
    this.close();
  }

  /**
   * Opens the connection if there is none. The exchange has to be ended, whatever happens.
   * @throws what `Transport.connect` throws
   */
  async open({ request, prompt, wire }: SocketRequest, signal: AbortSignal): Promise<SocketExchange> {
    const [head, input, tail] = request.body;
    if (head === undefined || input === undefined || tail === undefined) throw new Error('the body has no pieces');
    this.#state = 'busy';
    try {
      const isKept = this.#connection?.isOpen === true;
      const connection = isKept && this.#connection !== null ? this.#connection : await this.#connect(request, signal);
      const pieces: BodyPieces = [head, input, tail];
      const known = this.#known;
      const from = known === null ? null : newItemsFrom(known, prompt, pieces, wire);
      const rest =
        known === null || from === null ? null : { id: known.id, input: wire.inputFrom?.(prompt, from) ?? input };
      return new SocketExchange({ connection, isKept, pieces, rest }, (response) => {
        this.#state = this.#state === 'off' ? 'off' : 'idle';
        this.#known = response === null ? null : { ...response, pieces, input: prompt.input };
        if (response === null) this.close();
      });
    } catch (error) {
      this.#state = 'idle';
      throw error;
    }
  }

  close(): void {
    this.#known = null;
    this.#connection?.close();
    this.#connection = null;
  }

  async #connect({ url, headers }: HttpRequest, signal: AbortSignal): Promise<Connection> {
    this.close();
    if (this.#transport.connect === undefined) throw new Error('this transport has no WebSockets');
    // The upgrade is no request for events and has no body.
    const { Accept: _, 'Content-Type': __, ...own } = headers;
    this.#connection = await this.#transport.connect({ url, headers: { ...own, ...BETA } }, signal);
    return this.#connection;
  }
}

interface ExchangeParts {
  readonly connection: Connection;
  /** Whether it is from an exchange before: it may be gone without having said so. */
  readonly isKept: boolean;
  readonly pieces: BodyPieces;
  /** What continues a response that the server knows; null: there is none. */
  readonly rest: { readonly id: string; readonly input: Uint8Array } | null;
}

type Ended = (response: { readonly id: string; readonly output: readonly ResponseItem[] } | null) => void;

/** One response over the connection. */
export class SocketExchange {
  readonly #parts: ExchangeParts;
  readonly #ended: Ended;

  constructor(parts: ExchangeParts, ended: Ended) {
    this.#parts = parts;
    this.#ended = ended;
  }

  get proxy(): string | null {
    return this.#parts.connection.proxy;
  }

  /** Whether the same may work over a new connection, where nothing has come yet. */
  get isContinued(): boolean {
    return this.#parts.isKept || this.#parts.rest !== null;
  }

  send(): void {
    const [head, whole, tail] = this.#parts.pieces;
    const { rest } = this.#parts;
    const start = rest === null ? CREATE : `${CREATE}"previous_response_id":${JSON.stringify(rest.id)},`;
    this.#parts.connection.send(Buffer.concat([Buffer.from(start), head.subarray(1), rest?.input ?? whole, tail]));
  }

  receive(signal: AbortSignal): Promise<readonly string[] | null> {
    return this.#parts.connection.receive(signal);
  }

  /** The response is complete, and the next one may continue it. */
  completed(id: string, output: readonly ResponseItem[]): void {
    this.#ended({ id, output });
  }

  /** It is not: the connection is closed, so that nothing of it gets into the next response. */
  broken(): void {
    this.#ended(null);
  }
}
