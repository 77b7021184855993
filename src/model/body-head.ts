import { type FailureContext, responseFailure, streamLost } from './failures.ts';
import { asObject, parseJson } from './json-fields.ts';
import { readFailure } from './wire-failure.ts';

/** Most that is kept, in characters; an error is far shorter. */
const MAX_CHARS = 16 * 1024;

/** The beginning of an answer with a good status, for one that is no event stream: some servers and gateways tell errors so. */
export class BodyHead {
  #text = '';

  add(chunk: string): void {
    if (this.#text.length < MAX_CHARS) this.#text += chunk.slice(0, MAX_CHARS - this.#text.length);
  }

  /** For when the answer has ended and was not complete. No event begins like JSON or HTML. */
  throwIfNoStream(context: FailureContext): void {
    const text = this.#text.trimStart();
    if (!/^[[{<]/.test(text)) return;
    const failure = readFailure(asObject(parseJson(text)));
    if (failure.message !== null) throw responseFailure(failure, context);
    throw streamLost(`the server answered with no event stream but ${text}`, context);
  }
}
