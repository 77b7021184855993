import type { ConversationHistory, ThreadFacts } from '../../context/history/index.ts';
import type { TurnContext } from '../../context/index.ts';
import type { RateLimitSnapshot, ResponseItem, SettingsUpdate } from '../../foundation/protocol/index.ts';
import type { ManagedSettings } from '../../storage/config/index.ts';
import { applySettings, type SessionConfiguration } from './settings.ts';

/** The surroundings as the model was last sent them. */
export type SentContext = Pick<TurnContext, 'cwd' | 'approvalPolicy' | 'sandboxPolicy'> &
  Partial<Pick<TurnContext, 'canAsk' | 'date'>> & {
    /** Names of the tools that servers gave it. */
    readonly mcpTools?: readonly string[];
  };

/** A thread's conversation with what is known besides, all of which a rollback or a resume rebuilds together. */
export interface Conversation {
  readonly history: ConversationHistory;
  readonly facts: ThreadFacts;
  /** Null: the model was sent none yet. */
  readonly sentContext: SentContext | null;
}

interface StateOptions {
  readonly rateLimits?: RateLimitSnapshot | null;
  /** What stays as it is. */
  readonly managed?: ManagedSettings;
}

/** What lives as long as the session: its settings, its conversation, and the provider's limits. */
export class SessionState {
  #configuration: SessionConfiguration;
  #conversation: Conversation;
  #rateLimits: RateLimitSnapshot | null;
  readonly #managed: ManagedSettings;

  constructor(
    configuration: SessionConfiguration,
    conversation: Conversation,
    { rateLimits = null, managed = {} }: StateOptions = {},
  ) {
    this.#configuration = configuration;
    this.#conversation = conversation;
    this.#rateLimits = rateLimits;
    this.#managed = managed;
  }

  get configuration(): SessionConfiguration {
    return this.#configuration;
  }

  /** @throws KeelError `invalidInput`; the settings then stay as they were */
  configure(update: SettingsUpdate): void {
    this.#configuration = applySettings(this.#configuration, update, this.#managed);
  }

  get history(): ConversationHistory {
    return this.#conversation.history;
  }

  get facts(): ThreadFacts {
    return this.#conversation.facts;
  }

  get sentContext(): SentContext | null {
    return this.#conversation.sentContext;
  }

  /** Adds items to the conversation. */
  record(items: readonly ResponseItem[]): void {
    this.history.record(items);
    for (const item of items) this.facts.note(item);
  }

  noteSentContext(sentContext: SentContext): void {
    this.#conversation = { ...this.#conversation, sentContext };
  }

  /** After a rollback. */
  replace(conversation: Conversation): void {
    this.#conversation = conversation;
  }

  get rateLimits(): RateLimitSnapshot | null {
    return this.#rateLimits;
  }

  /** A snapshot that knows nothing doesn't replace an earlier one that does. @returns whether it says something */
  noteRateLimits(snapshot: RateLimitSnapshot): boolean {
    const isKnown = snapshot.primary !== null || snapshot.secondary !== null;
    if (isKnown) this.#rateLimits = snapshot;
    return isKnown;
  }
}
