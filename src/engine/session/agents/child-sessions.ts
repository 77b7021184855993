import type { ResponseItem, SessionSource } from '../../../foundation/protocol/index.ts';
import type { ServerFacts } from '../../../models/catalogue/index.ts';
import type { RenewableCredentials } from '../../../models/client/index.ts';
import type { Config } from '../../../storage/config/index.ts';
import type { Log } from '../log.ts';
import type { Session } from '../session.ts';
import type { RequestMeter } from '../turn/ports/request-meter.ts';
import type { RequestBudget } from '../turn/request-budget.ts';
import type { AgentSlots } from './agent-slots.ts';
import type { TreeFacts } from './tree-facts.ts';

/** How a child session differs from a thread of the user's. */
export interface ChildOptions {
  /** The purpose that its requests name; null: a request of the user. */
  readonly taskType: string | null;
  readonly withoutTools: readonly string[];
  /** Whether it is sent the user's instructions (AGENTS.md). */
  readonly hasUserInstructions: boolean;
  /** Follows the environment at the start of its thread. */
  readonly opening: readonly ResponseItem[];
  readonly agentLevels: number;
  readonly agentSlots: AgentSlots;
  /** The budget of the request that it works for now. Null: no limit. */
  readonly budget: () => RequestBudget | null;
  /** The tree whose changes its own are part of; null: none. */
  readonly tree: TreeFacts | null;
  readonly serverFacts: ServerFacts;
  readonly renewable: RenewableCredentials | null;
  /** Requests of the session above, whose cost includes the child's. */
  readonly requests: RequestMeter;
}

export interface ChildStart {
  readonly source: SessionSource;
  readonly child: ChildOptions;
  /** See `OpenSessionOptions`. */
  readonly checksOutput?: boolean;
  /** The thread of a child that an earlier process had; absent: a new one. */
  readonly continues?: string;
  /** Of a new one; absent: any. */
  readonly threadId?: string;
}

/** Opens a child. @throws KeelError as `openSession` does */
export type OpenChild = (config: Config, start: ChildStart) => Promise<Session>;

/** The children of a session. None outlives it. */
export class ChildSessions {
  readonly open: OpenChild;
  readonly #log: Pick<Log, 'crash'>;
  readonly #children = new Set<Session>();
  readonly #closing = new Set<Promise<void>>();

  constructor(openChild: OpenChild, log: Pick<Log, 'crash'>) {
    this.#log = log;
    this.open = async (config, start) => {
      const child = await openChild(config, start);
      this.#children.add(child);
      return child;
    };
  }

  /** Ends a child, whether somebody waits for that or not. */
  close(child: Session): Promise<void> {
    const closed = child.close().finally(() => {
      this.#children.delete(child);
      this.#closing.delete(closed);
    });
    closed.catch((error: unknown) => this.#log.crash(error));
    this.#closing.add(closed);
    return closed;
  }

  /** Ends all of them; resolves when they have ended, however they did. */
  async closeAll(): Promise<void> {
    const closed = [...this.#children].map((child) => child.close());
    await Promise.allSettled([...this.#closing, ...closed]);
  }

  killProcesses(): void {
    for (const child of this.#children) child.killProcesses();
  }
}
