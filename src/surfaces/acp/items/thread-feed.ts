import { randomUUID } from 'node:crypto';
import type { SessionEvent, SessionEventOf, ThreadItem, ThreadItemOf } from '../../../foundation/protocol/index.ts';
import type { SessionClient } from '../client.ts';
import { CallFeed } from './call-feed.ts';
import { isWork } from './call-view.ts';
import { MessageFeed } from './message-feed.ts';

export interface ThreadFeedOptions {
  readonly client: SessionClient;
  readonly hidesThoughts: boolean;
}

/** The events of the thread of a session as its updates. */
export class ThreadFeed {
  readonly calls: CallFeed;
  readonly #messages: MessageFeed;
  readonly #client: SessionClient;
  /** Whether the client was too slow to get all that happened in this turn. */
  #hasLost = false;

  constructor({ client, hidesThoughts }: ThreadFeedOptions) {
    this.#client = client;
    this.calls = new CallFeed({ client, prefix: '' });
    this.#messages = new MessageFeed(client, { hidesThoughts });
  }

  /** Resolves when the updates of the event have been written. */
  async event(event: SessionEvent): Promise<void> {
    switch (event.type) {
      case 'item.started':
      case 'item.updated':
        return await this.#changed(event.item, event.type === 'item.started');
      case 'item.completed':
        return await this.#completed(event.item);
      case 'item.delta':
        if (event.part === 'commandOutput') return await this.calls.output(event.itemId, event.delta);
        return await this.#messages.delta(event);
      case 'usage.updated':
        return await this.#usage(event);
      case 'warning':
        return await this.say('warning', event.message);
      case 'error':
        // Every other one is the answer to the prompt.
        if (event.willRetry && this.#client.can.hasNotices) await this.say('warning', event.error.message);
        return;
      case 'events.lost':
        this.#hasLost = true;
        return;
      case 'turn.completed':
        // The end of a call may be among what was lost.
        await (this.#hasLost ? this.calls.ended() : this.calls.turnEnded());
        this.#hasLost = false;
        return;
      default:
        return;
    }
  }

  /** An item of an earlier turn. */
  async replay(item: ThreadItem): Promise<void> {
    if (isWork(item)) return await this.calls.replayed(item);
    if (item.type === 'userMessage') return await this.#messages.user(item);
    await this.#completed(item);
  }

  /** What keel itself has to say: a notice, or a message where the client has no notices. */
  async say(severity: 'info' | 'warning', text: string): Promise<void> {
    if (this.#client.can.hasNotices) await this.#client.update({ sessionUpdate: 'notice', severity, title: text });
    else await this.#messages.say(randomUUID(), text);
  }

  /** An answer of keel's own. */
  async answer(text: string): Promise<void> {
    await this.#messages.say(randomUUID(), text);
  }

  async #changed(item: ThreadItem, isNew: boolean): Promise<void> {
    if (isWork(item)) await (isNew ? this.calls.started(item) : this.calls.updated(item));
    else if (item.type === 'plan') await this.#plan(item);
    else if (item.type === 'contextCompaction') await this.#compaction(item, 'in_progress');
    else if (item.type === 'enteredReviewMode' && isNew) await this.say('info', `Review of ${item.review}`);
  }

  async #completed(item: ThreadItem): Promise<void> {
    if (isWork(item)) return await this.calls.completed(item);
    switch (item.type) {
      case 'agentMessage':
      case 'reasoning':
        return await this.#messages.completed(item);
      case 'plan':
        return await this.#plan(item);
      case 'contextCompaction':
        return await this.#compaction(item, item.interrupted ? 'cancelled' : 'completed');
      case 'budgetExceeded':
        return await this.say('warning', item.message);
      case 'exitedReviewMode':
        return await this.answer(item.review);
      case 'undo':
        return await this.answer(item.message);
      default:
        return;
    }
  }

  async #plan({ steps }: ThreadItemOf<'plan'>): Promise<void> {
    const entries = steps.map(({ step, status }) => ({ content: step, priority: 'medium' as const, status }));
    await this.#client.update({ sessionUpdate: 'plan', entries });
  }

  async #compaction({ id }: ThreadItemOf<'contextCompaction'>, status: string): Promise<void> {
    if (this.#client.can.hasCompactions) {
      await this.#client.update({ sessionUpdate: 'compaction_update', compactionId: id, status });
    } else if (status === 'completed')
      await this.say('info', 'The conversation was replaced by a summary to make room.');
  }

  async #usage({ info, costUsd = null }: SessionEventOf<'usage.updated'>): Promise<void> {
    const size = info?.model_context_window ?? null;
    if (info === null || size === null) return;
    const cost = costUsd === null ? {} : { cost: { amount: costUsd, currency: 'USD' } };
    await this.#client.update({
      sessionUpdate: 'usage_update',
      used: info.last_token_usage.total_tokens,
      size,
      ...cost,
    });
  }
}
