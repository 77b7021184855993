import { programSearch } from '../../../storage/config/index.ts';
import { type LeftOutPath, takeSnapshot, tidySnapshotsIfDue } from '../../../system/git/index.ts';
import type { SessionDeps } from '../session-deps.ts';
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
  readonly #deps: SessionDeps;
  /** The last warning, which is not repeated in every turn. */
  #lastWarning = '';
  readonly #closing = new AbortController();
  #tidying: Promise<unknown> | null = null;

  constructor(deps: SessionDeps) {
    this.#deps = deps;
  }

  /**
   * Called before each call that can change files; the first one of a turn takes the snapshot and the others wait for it.
   * A turn that changes nothing takes none. `isTaken`: an earlier process took it before the turn was cut off.
   */
  ofTurn(active: ActiveTurn, isTaken: boolean): () => Promise<void> {
    const { config, log } = this.#deps.services;
    if (!config.undo || active.context.taskKind !== 'regular' || isTaken) return () => Promise.resolve();
    let taken: Promise<void> | null = null;
    return () => {
      if (taken === null) {
        taken = this.#take(active).catch((error: unknown) => log.crash(error));
        // The turn ends after its snapshot, which a stop aborts.
        active.runBeside('snapshot', taken);
      }
      return taken;
    };
  }

  /** Removes old snapshots of all threads if that is due, once a session. Call it when a request is on its way. */
  tidy(): void {
    const { config, log, now } = this.#deps.services;
    const options = { home: config.home, ...programSearch(config), now, signal: this.#closing.signal };
    this.#tidying ??= tidySnapshotsIfDue(options).catch((error: unknown) => log.crash(error));
  }

  /** Stops the tidying; resolves when no git of it runs. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#tidying;
  }

  async #take({ context, recorder, background }: ActiveTurn): Promise<void> {
    const { config, now } = this.#deps.services;
    const place = { cwd: context.cwd, home: config.home, ...programSearch(config) };
    const result = await takeSnapshot({ ...place, now, signal: background });
    if (recorder.isRevoked) return;
    if (result.type === 'taken') {
      recorder.addItems([{ type: 'ghost_snapshot', ghost_commit: result.snapshot }]);
      this.#warn(result.leftOut.length === 0 ? '' : leftOutMessage(result.leftOut), recorder);
    } else if (result.cause === 'failed') {
      this.#warn(`This turn can't be undone: ${result.reason}`, recorder);
    }
  }

  #warn(message: string, recorder: ActiveTurn['recorder']): void {
    if (message !== '' && message !== this.#lastWarning) recorder.warn(message);
    this.#lastWarning = message;
  }
}

function leftOutMessage(leftOut: readonly LeftOutPath[]): string {
  const named = leftOut.slice(0, MAX_NAMED_PATHS).map(({ path, why }) => `${path} (${WHY[why]})`);
  const more = leftOut.length - named.length;
  return `An undo of this turn can't restore: ${named.join(', ')}${more > 0 ? ` and ${more} more` : ''}.`;
}
