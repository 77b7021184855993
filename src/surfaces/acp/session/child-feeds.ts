import type { Session } from '../../../engine/threads/index.ts';
import type { SessionEvent } from '../../../foundation/protocol/index.ts';
import type { SessionClient } from '../client.ts';
import { CallFeed } from '../items/call-feed.ts';
import { isWork } from '../items/call-view.ts';

/** The calls of subagents, which the client sees in the session that it opened. What subagents say goes to their parents. */
export class ChildFeeds {
  readonly #client: SessionClient;
  readonly #calls = new Map<string, CallFeed>();

  constructor(client: SessionClient) {
    this.#client = client;
  }

  /** Null: the thread is none of a subagent that is open. */
  callsOf(threadId: string): CallFeed | null {
    return this.#calls.get(threadId) ?? null;
  }

  /** Follows a subagent until its events end. */
  async follow(child: Session): Promise<void> {
    const calls = new CallFeed({ client: this.#client, prefix: `${child.threadId}/` });
    this.#calls.set(child.threadId, calls);
    for await (const event of child.events()) await show(event, calls);
    this.#calls.delete(child.threadId);
    await calls.ended();
  }
}

async function show(event: SessionEvent, calls: CallFeed): Promise<void> {
  switch (event.type) {
    case 'item.started':
      if (isWork(event.item)) await calls.started(event.item);
      return;
    case 'item.updated':
      if (isWork(event.item)) await calls.updated(event.item);
      return;
    case 'item.completed':
      if (isWork(event.item)) await calls.completed(event.item);
      return;
    case 'item.delta':
      if (event.part === 'commandOutput') await calls.output(event.itemId, event.delta);
      return;
    case 'turn.completed':
      return await calls.turnEnded();
    default:
      return;
  }
}
