import { type Config, type LoadedConfig, loadConfigWithOrigins } from '../../../storage/config/index.ts';
import { SessionRoots } from '../../../system/sandbox/index.ts';

/** What the server was started with. */
export interface ServerContext {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The server's working directory. Absolute. */
  readonly cwd: string;
  /** Settings for everything the server does, `key=value`. */
  readonly overrides: readonly string[];
  /** Further directories that clients work in, such as those of open threads. Absolute. Absent: none. */
  readonly folders?: () => readonly string[];
  /** Where the machine's own settings are; for tests. */
  readonly systemDir?: string;
}

/** The settings of the folders that clients work in, each read when first needed. */
export class ServerSettings {
  readonly context: ServerContext;
  /** The writable roots of the server's life: what a name meant when it was first used. */
  readonly roots = new SessionRoots();
  readonly #configs = new Map<string, Promise<Config>>();

  constructor(context: ServerContext) {
    this.context = context;
  }

  /** @param cwd absolute @throws KeelError `invalidConfig` */
  async config(cwd: string = this.context.cwd): Promise<Config> {
    const known = this.#configs.get(cwd);
    if (known !== undefined) return await known;
    const found = this.read(cwd).then(({ config }) => config);
    this.#configs.set(cwd, found);
    // A file with a fault may be right at the next call.
    found.catch(() => this.#configs.delete(cwd));
    return await found;
  }

  /**
   * Reads the settings as they are now, each with its layer.
   * @param userText counts in place of what is in the user's file
   * @throws KeelError `invalidConfig`
   */
  async read(cwd: string, userText?: string): Promise<LoadedConfig> {
    const { env, overrides, systemDir } = this.context;
    return await loadConfigWithOrigins({
      ...{ env, cwd, overrides, flags: {} },
      ...(systemDir === undefined ? {} : { systemDir }),
      ...(userText === undefined ? {} : { userText }),
    });
  }

  /**
   * Of the server's own folder and of those that clients work in. One of theirs whose settings can't be used gives no rights.
   * @throws KeelError `invalidConfig` for the server's own
   */
  async configs(): Promise<readonly Config[]> {
    const { cwd, folders } = this.context;
    const others = new Set(folders?.() ?? []);
    others.delete(cwd);
    const own = await this.config(cwd);
    const found = await Promise.allSettled([...others].map((folder) => this.config(folder)));
    return [own, ...found.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))];
  }

  /** Settings were written: they are read again. */
  changed(): void {
    this.#configs.clear();
  }
}
