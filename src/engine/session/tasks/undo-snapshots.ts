import { programSearch } from '../../../storage/config/index.ts';
import { type LeftOutPath, takeSnapshot, tidySnapshotsIfDue } from '../../../system/git/index.ts';
import type { SessionServices } from '../services.ts';
import type { ThreadRecord } from '../thread/thread-record.ts';
import type { ActiveTurn } from '../turn/active-turn.ts';

const MAX_NAMED_PATHS = 10;

const WHY: Record<LeftOutPath['why'], string> = {
  largeFile: 'large file',
  largeDirectory: 'too many untracked files',
  repository: 'a repository of its own',
  submodule: 'submodule',
  unreadable: 'not readable',
};

/** The snapshots for undo that the turns of one session take. */
export class UndoSnapshots {
  readonly #services: SessionServices;
  readonly #record: ThreadRecord;
  /** What the user was last warned of. The same is not repeated in every turn. */
  #lastWarning = '';
  readonly #closing = new AbortController();
  #tidying: Promise<unknown> | null = null;

  constructor(services: SessionServices, record: ThreadRecord) {
    this.#services = services;
    this.#record = record;
  }

  /**
   * Called before each call that can change files; the first one of a turn takes the snapshot and the others wait for it.
   * A turn that changes nothing takes none. `isTaken`: an earlier process took it before the turn was cut off.
   */
  ofTurn(active: ActiveTurn, isTaken: boolean): () => Promise<void> {
    const { config, log } = this.#services;
    if (!config.undo || active.context.taskKind !== 'regular' || isTaken) return () => Promise.resolve();
    let taken: Promise<void> | null = null;
    return () => {
      if (taken === null) {
        taken = this.#take(active).catch((error: unknown) => log.crash(error));
        // The turn ends after its snapshot, which a stop aborts.
        active.state.runsBeside(taken);
      }
      return taken;
    };
  }

  /** Stops what still tidies; resolves when no git of it runs. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#tidying;
  }

  async #take({ context, handle, background }: ActiveTurn): Promise<void> {
    const { config, now } = this.#services;
    const { turnId, cwd } = context;
    const place = { cwd, home: config.home, ...programSearch(config) };
    const result = await takeSnapshot({ ...place, now, signal: background });
    if (handle.isRevoked) return;
    if (result.type === 'taken') {
      this.#record.addItems([{ type: 'ghost_snapshot', ghost_commit: result.snapshot }], turnId);
      this.#warn(result.leftOut.length === 0 ? '' : leftOutMessage(result.leftOut), handle.emit.bind(handle), turnId);
      this.#tidy();
    } else if (result.cause === 'failed') {
      this.#warn(`This turn can't be undone: ${result.reason}`, handle.emit.bind(handle), turnId);
    }
  }

  #warn(message: string, emit: ActiveTurn['handle']['emit'], turnId: string): void {
    if (message !== '' && message !== this.#lastWarning) emit({ type: 'warning', turnId, message });
    this.#lastWarning = message;
  }

  #tidy(): void {
    const { config, log, now } = this.#services;
    this.#tidying ??= tidySnapshotsIfDue({
      home: config.home,
      ...programSearch(config),
      now,
      signal: this.#closing.signal,
    }).catch((error: unknown) => log.crash(error));
  }
}

function leftOutMessage(leftOut: readonly LeftOutPath[]): string {
  const named = leftOut.slice(0, MAX_NAMED_PATHS).map(({ path, why }) => `${path} (${WHY[why]})`);
  const more = leftOut.length - named.length;
  return `An undo of this turn can't restore: ${named.join(', ')}${more > 0 ? ` and ${more} more` : ''}.`;
}
