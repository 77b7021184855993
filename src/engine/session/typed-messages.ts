import type { SessionEvent } from '../../foundation/protocol/index.ts';
import { holdsSecret } from '../../foundation/secrets/index.ts';
import { reasonOf } from '../../foundation/util/index.ts';
import { type Config, secretValues } from '../../storage/config/index.ts';
import { type HistoryAnswer, type HistoryLookup, MessageHistory } from '../../storage/threads/index.ts';
import type { Log } from './log.ts';

export interface TypedMessagesOptions {
  readonly config: Config;
  readonly threadId: string;
  /** Whether the thread is recorded; if not, its messages aren't either. */
  readonly isKept: boolean;
  readonly log: Log;
  readonly now: () => number;
}

/** The messages that the user typed, for later recall. Works in the background; a failure is only logged. */
export class TypedMessages {
  readonly #options: TypedMessagesOptions;
  readonly #history: MessageHistory;

  constructor(options: TypedMessagesOptions) {
    this.#options = options;
    this.#history = new MessageHistory(options.config.home, options.config.history);
  }

  /** A text with a secret that keel knows of is not kept. */
  add(text: string): void {
    const { config, threadId, isKept, log, now } = this.#options;
    if (!isKept || config.history.persistence === 'none') return;
    if (holdsSecret(text, secretValues(config))) {
      log.info('a message with a key in it was left out of the message history');
      return;
    }
    this.#history
      .add({ threadId, at: Math.floor(now() / 1_000), text })
      .catch((error: unknown) => log.warn(reasonOf(error)));
  }

  /** Looks a message up, then emits it as the answer to `requestId`. */
  answer(lookup: HistoryLookup, requestId: string, emit: (event: SessionEvent) => void): void {
    const { log } = this.#options;
    const emitAnswer = (found: HistoryAnswer) =>
      emit({ type: 'historyEntry.answered', requestId, offset: lookup.offset, ...found });
    this.#history.lookUp(lookup).then(emitAnswer, (error: unknown) => {
      log.warn(`the message history can't be read: ${reasonOf(error)}`);
      emitAnswer({ logId: 0, entryCount: 0, entry: null });
    });
  }

  /** Resolves when all messages are written. */
  close(): Promise<void> {
    return this.#history.settled();
  }
}
