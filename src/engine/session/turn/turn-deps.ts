import type { DoneTask } from '../../../storage/rollout/index.ts';
import type { RepositoryFacts } from '../../../system/git/index.ts';
import type { Subagents } from '../agents/subagents.ts';
import type { SessionDeps } from '../session-deps.ts';
import type { UndoSnapshots } from '../tasks/undo-snapshots.ts';
import type { ItemIds } from './item-ids.ts';

/** What the turns of a session work with, from the first to the last. */
export interface TurnDeps extends SessionDeps {
  readonly agents: Subagents;
  readonly snapshots: UndoSnapshots;
  /** Turns that may be begun again though their task has ended: of `ThreadLog`. */
  readonly doneTasks: Map<string, DoneTask>;
  /** Ids of items in the whole thread. */
  readonly itemIds: ItemIds;
  /** For the first turn of a thread; null: not a repository, or the thread is not new. */
  readonly repository: Promise<RepositoryFacts | null>;
}
