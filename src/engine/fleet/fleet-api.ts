import { createParser } from 'eventsource-parser';
import * as z from 'zod/mini';
import {
  type ApprovalDecision,
  ApprovalRequest,
  type ErrorKind,
  KeelError,
  type Op,
  SessionEvent,
  Turn,
  TurnContextRecord,
  UserQuestion,
} from '../../foundation/protocol/index.ts';
import { Patience, parseJson } from '../../foundation/util/index.ts';

export interface FleetAddress {
  /** The front's. */
  readonly url: string;
  /** The user's token there; null: none is needed, as at a fleet on this machine. */
  readonly token: string | null;
  readonly threadId: string;
}

const Question = z.object({
  questionId: z.string(),
  about: z.string(),
  /** What the model wants to know; absent from an earlier fleet, and where the question is about a call. */
  asked: z.optional(z.array(UserQuestion)),
  /** The call that it is about; absent from an earlier fleet, and where it is too long. Of a newer fleet it may be of an unknown kind. */
  call: z.catch(z.optional(ApprovalRequest), undefined),
});
export type FleetQuestion = z.infer<typeof Question>;

/** What a fleet says of a thread; its questions are those with which it waits for a person. */
const State = z.looseObject({
  place: z.looseObject({ cwd: z.string() }),
  current: z.nullable(
    z.looseObject({
      turnId: z.string(),
      phase: z.enum(['limited', 'running', 'parked']),
      questions: z.array(Question),
    }),
  ),
  /** Newest last. `dropped`: the numbers of the messages that an interrupt has overtaken; an earlier fleet only counts them. */
  ended: z._default(
    z.array(
      z.looseObject({
        turnId: z.string(),
        dropped: z.catch(z.array(z.int()), []),
        error: z._default(z.nullable(z.string()), null),
      }),
    ),
    [],
  ),
});
export type FleetState = z.infer<typeof State>;

const Recorded = z.looseObject({ turns: z.array(Turn), context: z.nullable(TurnContextRecord) });
export type RecordedThread = z.infer<typeof Recorded>;

const Refusal = z.looseObject({ message: z.string() });
/** Which input of which turn was sent. */
const Arrival = z.looseObject({ turnId: z.string(), at: z.int() });
export type FleetArrival = z.infer<typeof Arrival>;
const Submitted = z.looseObject({ turnId: z.string() });

export type FleetInput =
  | { readonly type: 'answer'; readonly questionId: string; readonly decision: ApprovalDecision }
  | { readonly type: 'steer'; readonly text: string; readonly images: readonly string[] }
  | { readonly type: 'interrupt' };

/** A worker runs the thread from here on, or does no more, or hangs, or shows something of it. */
export type FleetSent =
  | { readonly type: 'attached' }
  | { readonly type: 'detached' }
  | { readonly type: 'live'; readonly event: SessionEvent };

const LONGEST_CALL_MS = 60_000;
/** The front gives a sign of life every five seconds: after so long without one the connection is lost, ms. */
const SILENT_MS = 15_000;

/** One thread at the front of a fleet. */
export class FleetApi {
  readonly #address: FleetAddress;
  readonly #silentMs: number;

  /** @param silentMs how long the front may show no sign of life before a connection to it counts as lost */
  constructor(address: FleetAddress, silentMs = SILENT_MS) {
    this.#address = address;
    this.#silentMs = silentMs;
  }

  /** @throws KeelError `threadNotFound`, `unauthorized`, `httpConnectionFailed`, `invalidInput` */
  async state(signal: AbortSignal): Promise<FleetState> {
    const { data } = State.safeParse(await this.#json('POST', `/thread/${this.#id}/state`, undefined, signal));
    if (data === undefined) throw new KeelError('threadNotFound', `the fleet has no thread ${this.#address.threadId}`);
    return data;
  }

  /** The turns so far. @throws as `state` */
  async recorded(signal: AbortSignal): Promise<RecordedThread> {
    return Recorded.parse(await this.#json('GET', `/threads/${this.#id}/turns`, undefined, signal));
  }

  /** @returns the id of the turn @throws as `state` */
  async submit(op: Op, submissionId: string, signal: AbortSignal): Promise<string> {
    const answer = await this.#json('POST', `/thread/${this.#id}/submit`, { submissionId, op }, signal);
    return Submitted.parse(answer).turnId;
  }

  /** @returns null from an earlier fleet @throws as `state` */
  async input(input: FleetInput, signal: AbortSignal): Promise<FleetArrival | null> {
    const answer = await this.#json('POST', `/thread/${this.#id}/input`, input, signal);
    return Arrival.safeParse(answer).data ?? null;
  }

  /** What the worker that runs the thread shows, until the connection ends. @throws as `state` */
  async *live(signal: AbortSignal): AsyncGenerator<FleetSent, void, undefined> {
    using patience = new Patience(this.#silentMs);
    const path = `/threads/${this.#id}/watch?live`;
    const response = await this.#fetch('GET', path, undefined, AbortSignal.any([signal, patience.signal]));
    for await (const sent of sentIn(response)) {
      // Time in which the reader works is no silence of the front.
      patience.pause();
      yield* sent;
      patience.refresh();
    }
  }

  get #id(): string {
    return encodeURIComponent(this.#address.threadId);
  }

  async #json(method: string, path: string, body: unknown, signal: AbortSignal): Promise<unknown> {
    const limited = AbortSignal.any([signal, AbortSignal.timeout(LONGEST_CALL_MS)]);
    const response = await this.#fetch(method, path, body, limited);
    return parseJson(await response.text()) ?? null;
  }

  async #fetch(method: string, path: string, body: unknown, signal: AbortSignal): Promise<Response> {
    const { url, token } = this.#address;
    const headers = {
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    };
    let response: Response;
    try {
      const sent = body === undefined ? {} : { body: JSON.stringify(body) };
      response = await fetch(new URL(path, url), { method, headers, ...sent, signal, redirect: 'error' });
    } catch (cause) {
      throw new KeelError('httpConnectionFailed', `the fleet at ${url} does not answer`, { cause });
    }
    if (response.ok) return response;
    const message = Refusal.safeParse(parseJson(await response.text())).data?.message;
    throw new KeelError(kindOf(response.status), message ?? `the fleet at ${url} answered ${response.status}`);
  }
}

/** What each part of the answer completes; a part with a sign of life alone completes nothing. */
async function* sentIn({ body }: Response): AsyncGenerator<readonly FleetSent[], void, undefined> {
  const sent: FleetSent[] = [];
  const parser = createParser({
    onEvent: ({ event, data }) => {
      if (event === 'attached' || event === 'detached') sent.push({ type: event });
      const { data: known } = event === 'live' ? SessionEvent.safeParse(parseJson(data)) : { data: undefined };
      if (known !== undefined) sent.push({ type: 'live', event: known });
    },
  });
  const decoder = new TextDecoder();
  for await (const chunk of body ?? []) {
    parser.feed(decoder.decode(chunk, { stream: true }));
    yield sent.splice(0);
  }
}

function kindOf(status: number): ErrorKind {
  if (status === 404) return 'threadNotFound';
  if (status === 401) return 'unauthorized';
  return status >= 500 || status === 429 ? 'httpConnectionFailed' : 'invalidInput';
}
