import { IdleWatch, type Transport } from '../client/index.ts';

/** A server on the same machine answers at once, or it is not there, ms. */
const ANSWER_MS = 5_000;
/** Most of an answer that is read, in characters; a list of models is a few kilobytes. */
const MAX_ANSWER_CHARS = 4 * 1024 * 1024;

export interface LocalHttpOptions {
  readonly transport: Transport;
  /** Silence after which a long answer is given up, ms. */
  readonly idleMs: number;
  readonly signal: AbortSignal;
}

export interface Answer {
  readonly ok: boolean;
  readonly status: number;
  readonly text: string;
}

const HEADERS = { Accept: 'application/json', 'Content-Type': 'application/json' };

/** Questions to a server of local models. No key is sent. */
export class LocalHttp {
  readonly #options: LocalHttpOptions;

  constructor(options: LocalHttpOptions) {
    this.#options = options;
  }

  get signal(): AbortSignal {
    return this.#options.signal;
  }

  /** Throws if no whole answer is there after five seconds. */
  async get(url: string): Promise<Answer> {
    const { transport, signal } = this.#options;
    const limit = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]);
    const response = await transport.send({ method: 'GET', url, headers: HEADERS, body: [] }, limit);
    try {
      return { ok: isOk(response.status), status: response.status, text: await wholeText(response.text) };
    } finally {
      response.destroy();
    }
  }

  /** The lines of an answer as they come; one whole piece where the status is not a good one. Throws after a long silence. */
  async *post(url: string, body: unknown): AsyncGenerator<Answer, void, undefined> {
    const { transport, signal, idleMs } = this.#options;
    using watch = new IdleWatch(idleMs, signal);
    const json = Buffer.from(JSON.stringify(body));
    const response = await transport.send({ method: 'POST', url, headers: HEADERS, body: [json] }, watch.signal);
    const { status } = response;
    try {
      if (!isOk(status)) {
        yield { ok: false, status, text: await wholeText(response.text) };
        return;
      }
      let rest = '';
      for await (const chunk of response.text) {
        const lines = (rest + chunk).split('\n');
        rest = lines.pop() ?? '';
        if (rest.length > MAX_ANSWER_CHARS) throw new Error('a line of the answer is too long');
        for (const text of lines) if (text.trim() !== '') yield { ok: true, status, text };
        watch.wait();
      }
      if (rest.trim() !== '') yield { ok: true, status, text: rest };
    } finally {
      response.destroy();
    }
  }
}

/** An address for people to read: without the password that may precede the host. */
export function shownAddress(address: string): string {
  return address.replace(/(?<=:\/\/)[^/@]+(?=@)/, '***');
}

function isOk(status: number): boolean {
  return status >= 200 && status <= 299;
}

async function wholeText(pieces: AsyncIterable<string>): Promise<string> {
  let text = '';
  for await (const piece of pieces) {
    text += piece;
    if (text.length > MAX_ANSWER_CHARS) throw new Error('the answer is too long');
  }
  return text;
}
