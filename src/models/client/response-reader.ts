import type { ResponseItem } from '../../foundation/protocol/index.ts';
import { type FailureContext, failureIn, type ModelError, responseFailure } from '../failures/index.ts';
import type { ModelEvent } from '../prompt/index.ts';
import type { ResponseDecoder } from '../wires/index.ts';
import type { SseEvent } from './sse.ts';

/** What came together, and what then went wrong; null: nothing. */
interface Reading {
  readonly events: readonly ModelEvent[];
  readonly failure: { readonly error: unknown } | null;
}

/** One response while it is read. What arrived together is passed on together: most events are a word each. */
export class ResponseReader {
  readonly #decoder: ResponseDecoder;
  readonly #context: FailureContext;
  readonly #refusalIn: (data: string) => ModelError | null;
  readonly #items: ResponseItem[] = [];
  #responseId: string | null = null;

  /** @param refusalIn reads an event that says how it would have been answered over HTTP, where the connection has such */
  constructor(
    decoder: ResponseDecoder,
    context: FailureContext,
    refusalIn: (data: string) => ModelError | null = () => null,
  ) {
    this.#decoder = decoder;
    this.#context = context;
    this.#refusalIn = refusalIn;
  }

  /** The items that are finished. */
  get items(): readonly ResponseItem[] {
    return this.#items;
  }

  /** The response's id once it is complete; null until then. */
  get responseId(): string | null {
    return this.#responseId;
  }

  /**
   * Nothing behind the event that completes the response is read, nor behind a failure: of an event that reports one, or what
   * the decoder throws. What came before it counts.
   */
  read(arrived: readonly SseEvent[]): Reading {
    const events: ModelEvent[] = [];
    try {
      for (const { data, event } of arrived) {
        const failure = failureIn(data, event);
        if (failure !== null) throw this.#refusalIn(data) ?? responseFailure(failure, this.#context);
        this.#decoder.decode(data, events);
        if (events.at(-1)?.type === 'completed') break;
      }
    } catch (error) {
      return { events: this.#noted(events), failure: { error } };
    }
    return { events: this.#noted(events), failure: null };
  }

  /** The bytes have ended. @throws what the decoder throws */
  end(): readonly ModelEvent[] {
    return this.#noted(this.#decoder.end());
  }

  #noted(events: readonly ModelEvent[]): readonly ModelEvent[] {
    for (const event of events) {
      if (event.type === 'itemDone') this.#items.push(event.item);
      else if (event.type === 'completed') this.#responseId = event.responseId;
    }
    return events;
  }
}
