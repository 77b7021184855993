import { type FSWatcher, watch } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { FileFault, openDirectory, type PlaceJudge, placeOf, realName } from '../../../../foundation/files/index.ts';
import { onAbort, realPath } from '../../../../foundation/util/index.ts';
import { type Client, ErrorCode, MethodError } from '../method.ts';
import { metadataOf } from './metadata.ts';

/** Watches of one client. */
const MAX_WATCHES = 256;
/** Changes are reported together that come within this time, ms. */
const GATHER_MS = 100;
/** Paths in one report. */
const MAX_PATHS = 1_000;

/** What clients watch: a file, or what is directly in a directory. A watch ends with its connection. */
export class FileWatches {
  readonly #watches = new WeakMap<Client, Map<string, FileWatch>>();

  /** @returns the real path that is watched @throws MethodError, FileFault, or what the system says */
  start(id: string, path: string, mayRead: PlaceJudge, client: Client): string {
    const own = this.#of(client);
    if (own.has(id)) throw new MethodError(ErrorCode.invalidRequest, `there is a watch ${JSON.stringify(id)}`);
    if (own.size >= MAX_WATCHES) throw new MethodError(ErrorCode.invalidRequest, `more than ${MAX_WATCHES} watches`);
    client.closed.throwIfAborted();
    const started = new FileWatch(path, mayRead, (changedPaths) =>
      client.notify('fs/changed', { watchId: id, changedPaths }),
    );
    own.set(id, started);
    return started.path;
  }

  /** A watch that isn't there needs no end. */
  stop(id: string, client: Client): void {
    const own = this.#of(client);
    own.get(id)?.[Symbol.dispose]();
    own.delete(id);
  }

  #of(client: Client): Map<string, FileWatch> {
    const known = this.#watches.get(client);
    if (known !== undefined) return known;
    const own = new Map<string, FileWatch>();
    this.#watches.set(client, own);
    onAbort(client.closed, () => {
      for (const each of own.values()) each[Symbol.dispose]();
      own.clear();
    });
    return own;
  }
}

class FileWatch implements Disposable {
  readonly path: string;
  readonly #watcher: FSWatcher;
  readonly #report: (paths: readonly string[]) => void;
  readonly #changed = new Set<string>();
  #timer: NodeJS.Timeout | null = null;

  constructor(path: string, mayRead: PlaceJudge, report: (paths: readonly string[]) => void) {
    this.path = realPath(path);
    this.#report = report;
    const isDirectory = metadataOf(this.path, mayRead).isDirectory;
    // Editors put a new file in the place of the old one, so a file is watched by its directory.
    const directory = isDirectory ? this.path : dirname(realName(this.path));
    using open = openDirectory(directory, { links: 'no', judge: mayRead });
    if (open.place.path !== directory) throw new FileFault('it was moved meanwhile');
    const onlyName = isDirectory ? null : basename(this.path);
    this.#watcher = watch(placeOf(open), { persistent: false }, (_event, name) => {
      if (onlyName === null || name === onlyName) this.#gather(name === null ? this.path : join(directory, name));
    });
    // A directory that is removed ends its watch.
    this.#watcher.on('error', () => this.#watcher.close());
  }

  [Symbol.dispose](): void {
    this.#watcher.close();
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #gather(path: string): void {
    if (this.#changed.size < MAX_PATHS) this.#changed.add(path);
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      const paths = [...this.#changed];
      this.#changed.clear();
      this.#report(paths);
    }, GATHER_MS).unref();
  }
}
