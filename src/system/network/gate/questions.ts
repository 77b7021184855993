import { unlessAborted } from '../../../foundation/util/index.ts';
import type { Answer, AskUser, Destination } from './destination.ts';
import { formatHostAndPort } from './host.ts';

interface Asked {
  readonly answer: Promise<Answer>;
  readonly control: AbortController;
  waiting: number;
}

const WITHDRAWN: Answer = { type: 'refused', message: null };
/** Destinations that may wait for the user at a time: a program could name any number of them. */
const MAX_OPEN = 8;

/**
 * Questions to the user about hosts. Connections that wait for the same host and port share one; it is withdrawn when the
 * last of them has gone.
 */
export class Questions {
  readonly #askUser: AskUser;
  readonly #open = new Map<string, Asked>();

  constructor(askUser: AskUser) {
    this.#askUser = askUser;
  }

  async ask(destination: Destination, signal: AbortSignal, reason: string | null): Promise<Answer> {
    if (signal.aborted) return WITHDRAWN;
    const key = formatHostAndPort(destination.host, destination.port);
    const known = this.#open.get(key);
    if (known === undefined && this.#open.size >= MAX_OPEN) {
      return { type: 'refused', message: 'too many other hosts wait for an answer' };
    }
    const asked = known ?? this.#begin(key, destination, reason);
    asked.waiting += 1;
    try {
      return await unlessAborted(asked.answer, signal, WITHDRAWN);
    } finally {
      asked.waiting -= 1;
      if (asked.waiting === 0) {
        asked.control.abort();
        if (this.#open.get(key) === asked) this.#open.delete(key);
      }
    }
  }

  #begin(key: string, destination: Destination, reason: string | null): Asked {
    const control = new AbortController();
    // Whoever is asked may fail like every program; a host is not opened by that.
    const answer = this.#askUser(destination, control.signal, reason).catch(() => WITHDRAWN);
    const asked = { answer, control, waiting: 0 };
    this.#open.set(key, asked);
    return asked;
  }
}
