import { homedir } from 'node:os';
import type { Config } from '../config/index.ts';
import { commandEnvironment, type Processes, ShellSnapshot, type UserShell } from '../process/index.ts';
import { commandToolsDirectory } from './command-tools.ts';

/** How long the login shell may take to say what it sets; commands go on without it after that. */
const SNAPSHOT_LIMIT_MS = 10_000;
/** How long a command waits for that answer. */
const READY_LIMIT_MS = 3_000;

export interface CommandEnvironmentOptions {
  readonly config: Config;
  readonly processes: Processes;
  readonly shell: UserShell;
}

/**
 * The environment that a session's commands see: what the user's login shell would give, held to the configured policy,
 * with keel's own helpers (`apply_patch`, `rg`) last on the path.
 */
export class CommandEnvironment {
  readonly #options: CommandEnvironmentOptions;
  #snapshot: ShellSnapshot | null = null;
  #tools: Promise<void> | null = null;
  #toolsDir: string | null = null;

  constructor(options: CommandEnvironmentOptions) {
    this.#options = options;
  }

  /** Makes everything ready, once, in the background. */
  prepare(): void {
    this.#askLoginShell();
    this.#tools ??= commandToolsDirectory(this.#options.config.home).then((dir) => {
      this.#toolsDir = dir;
    });
  }

  /** Resolves when the environment is known, after a few seconds at most, or at once when `signal` aborts. */
  async ready(signal: AbortSignal): Promise<void> {
    this.prepare();
    await this.#tools;
    if (!this.#snapshot || this.#snapshot.isTaken || signal.aborted) return;
    const limit = Promise.withResolvers<void>();
    const timer = setTimeout(limit.resolve, READY_LIMIT_MS);
    signal.addEventListener('abort', () => limit.resolve(), { once: true });
    await Promise.race([this.#snapshot.taken, limit.promise]);
    clearTimeout(timer);
  }

  /** With what is known by now, secrets out. */
  current(): Record<string, string> {
    const { config } = this.#options;
    const base = this.#snapshot?.applyTo(config.env) ?? config.env;
    const { envKey } = config.provider;
    const env = commandEnvironment(config.shellEnvironmentPolicy, base, envKey ? [envKey] : []);
    if (this.#toolsDir === null || env['PATH'] === undefined) return env;
    return { ...env, PATH: `${env['PATH']}:${this.#toolsDir}` };
  }

  /** From the user's home: a project has no say in it. */
  #askLoginShell(): void {
    const { config, processes, shell } = this.#options;
    const { inherit, useProfile } = config.shellEnvironmentPolicy;
    if (this.#snapshot || inherit === 'none' || !useProfile) return;
    this.#snapshot = new ShellSnapshot({
      processes,
      shell: shell.path,
      env: config.env,
      cwd: config.env['HOME'] || homedir(),
      timeoutMs: SNAPSHOT_LIMIT_MS,
    });
  }
}
