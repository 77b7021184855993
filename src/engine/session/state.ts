import type { ConversationHistory, ThreadFacts } from '../../context/history/index.ts';
import type { TurnContext } from '../../context/index.ts';
import type {
  ElidedOutput,
  RateLimitSnapshot,
  RefusedContent,
  ResponseItem,
  SettingsUpdate,
  TokenUsage,
  TokenUsageInfo,
} from '../../foundation/protocol/index.ts';
import { applySettings, type SessionConfiguration } from './settings.ts';

/** What the model was last told of its surroundings. */
export type ToldContext = Pick<TurnContext, 'cwd' | 'approvalPolicy' | 'sandboxPolicy'> &
  Partial<Pick<TurnContext, 'canAsk' | 'date'>> & {
    /** Names of the tools that servers gave it. */
    readonly mcpTools?: readonly string[];
  };

/** What lives as long as the session. Changed through its methods only, each of which leaves it whole. */
export class SessionState {
  #configuration: SessionConfiguration;
  #history: ConversationHistory;
  #facts: ThreadFacts;
  #rateLimits: RateLimitSnapshot | null;
  #toldContext: ToldContext | null;

  constructor(
    configuration: SessionConfiguration,
    history: ConversationHistory,
    facts: ThreadFacts,
    toldContext: ToldContext | null,
    rateLimits: RateLimitSnapshot | null,
  ) {
    this.#configuration = configuration;
    this.#history = history;
    this.#facts = facts;
    this.#toldContext = toldContext;
    this.#rateLimits = rateLimits;
  }

  get configuration(): SessionConfiguration {
    return this.#configuration;
  }

  get tokenInfo(): TokenUsageInfo | null {
    return this.#history.tokenInfo;
  }

  get rateLimits(): RateLimitSnapshot | null {
    return this.#rateLimits;
  }

  get toldContext(): ToldContext | null {
    return this.#toldContext;
  }

  /** @throws KeelError `invalidInput`; the settings then stay as they were */
  configure(update: SettingsUpdate): void {
    this.#configuration = applySettings(this.#configuration, update);
  }

  record(items: readonly ResponseItem[]): void {
    this.#history.record(items);
    for (const item of items) this.#facts.note(item);
  }

  get contextTokens(): number {
    return this.#history.contextTokens;
  }

  get measuredTokens(): number {
    return this.#history.measuredTokens;
  }

  get items(): readonly ResponseItem[] {
    return this.#history.items;
  }

  get facts(): ThreadFacts {
    return this.#facts;
  }

  copyHistory(): ConversationHistory {
    return this.#history.clone();
  }

  /** After a compaction: what stands for the conversation from here on. */
  replaceHistory(items: readonly ResponseItem[]): void {
    this.#history.replace(items);
  }

  /** After an undo: the snapshot is used up. */
  removeSnapshot(id: string): void {
    this.#history.removeSnapshot(id);
  }

  /** Leaves old outputs out of the conversation from here on. */
  elide(outputs: readonly ElidedOutput[]): void {
    this.#history.prune(outputs);
  }

  holds(content: RefusedContent['content']): boolean {
    return this.#history.holds(content);
  }

  takeOut(refused: RefusedContent): number {
    return this.#history.takeOut(refused);
  }

  /** After a rollback: all that a rebuilt thread knows of itself. */
  rollBack(history: ConversationHistory, facts: ThreadFacts, toldContext: ToldContext | null): void {
    this.#history = history;
    this.#facts = facts;
    this.#toldContext = toldContext;
  }

  forPrompt(): readonly ResponseItem[] {
    return this.#history.forPrompt();
  }

  noteUsage(usage: TokenUsage | null, contextWindow: number | null): void {
    this.#history.updateTokenInfo(usage, contextWindow);
  }

  /** What a child session used counts for the thread, and takes up nothing of its window. */
  noteForeignUsage(usage: TokenUsage, contextWindow: number | null): void {
    this.#history.addChildUsage(usage, contextWindow);
  }

  noteWindowFull(contextWindow: number): void {
    this.#history.setFull(contextWindow);
  }

  /** A snapshot that knows nothing doesn't wipe out what an earlier one said. */
  noteRateLimits(snapshot: RateLimitSnapshot): void {
    if (snapshot.primary || snapshot.secondary) this.#rateLimits = snapshot;
  }

  noteToldContext(told: ToldContext): void {
    this.#toldContext = told;
  }
}
