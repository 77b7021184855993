import type { SessionEvent } from '../../foundation/protocol/index.ts';
import { holdsSecret } from '../../foundation/secrets/index.ts';
import { reasonOf } from '../../foundation/util/index.ts';
import { type Config, secretValues } from '../../storage/config/index.ts';
import { type HistoryAnswer, type HistoryLookup, MessageHistory } from '../../storage/threads/index.ts';
import type { Log } from './log.ts';

export interface TypedMessagesOptions {
  readonly config: Config;
  readonly threadId: string;
  /** A thread that is not kept leaves nothing here either. */
  readonly isKept: boolean;
  readonly log: Log;
  readonly now: () => number;
}

/** A session's part in the file of what the user typed. Works in the background; what fails is in the log only. */
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

  /** Looks a message up, then tells it as the answer to `requestId`. */
  tell(lookup: HistoryLookup, requestId: string, emit: (event: SessionEvent) => void): void {
    const { log } = this.#options;
    const answer = (found: HistoryAnswer) =>
      emit({ type: 'historyEntry.answered', requestId, offset: lookup.offset, ...found });
    this.#history.lookUp(lookup).then(answer, (error: unknown) => {
      log.warn(`the message history can't be read: ${reasonOf(error)}`);
      answer({ logId: 0, entryCount: 0, entry: null });
    });
  }

  /** Resolves when what was to be kept is. */
  close(): Promise<void> {
    return this.#history.settled();
  }
}
