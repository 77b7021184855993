import * as z from 'zod/mini';
import { Place } from '../protocol.ts';
import { THREAD, TURN, USER_HEADER } from '../service/names.ts';

/** An answer of the engine, for the user. */
export interface EngineAnswer {
  readonly status: number;
  readonly body: string;
}

/** What the front reads of a thread's state. */
const State = z.looseObject({ owner: z.string(), place: Place });
export type KnownThread = z.infer<typeof State>;

const LONGEST_CALL_MS = 30_000;
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;

/** The engine's ingress, for one user at a time: the thread's handlers decide by the name that the front sends along. */
export class EngineIngress {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  /** Calls one of the handlers of a thread that are for users. @throws Error when the engine does not answer */
  async call(
    user: string,
    threadId: string,
    handler: 'submit' | 'input' | 'stop' | 'state',
    body: unknown,
  ): Promise<EngineAnswer> {
    const response = await fetch(new URL(`/${THREAD}/${threadId}/${handler}`, this.#url), {
      method: 'POST',
      headers: { [USER_HEADER]: user, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(LONGEST_CALL_MS),
      redirect: 'error',
    });
    return { status: response.status, body: await boundedText(response) };
  }

  /** Waits for the end of a stage of a turn; its caller knows whose thread it is. @throws Error when the engine does not answer */
  async stage(key: string, signal: AbortSignal): Promise<EngineAnswer> {
    const response = await fetch(new URL(`/restate/workflow/${TURN}/${key}/attach`, this.#url), {
      signal: AbortSignal.any([signal, AbortSignal.timeout(LONGEST_CALL_MS)]),
      redirect: 'error',
    });
    return { status: response.status, body: await boundedText(response) };
  }

  /** `new`: there is no such thread; `ofAnother`: it belongs to another user, which that one is not to learn. @throws Error */
  async known(user: string, threadId: string): Promise<KnownThread | 'new' | 'ofAnother'> {
    const { status, body } = await this.call(user, threadId, 'state', undefined);
    if (status === 404) return 'ofAnother';
    if (status !== 200) throw new Error(`the engine answered ${status}`);
    return State.safeParse(body === '' ? null : JSON.parse(body)).data ?? 'new';
  }
}

async function boundedText(response: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of response.body ?? []) {
    length += part.length;
    if (length > MAX_ANSWER_BYTES) throw new Error('the engine’s answer is too long');
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}
