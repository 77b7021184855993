import { type Config, userHome } from '../config/index.ts';
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

const EDITOR_VARIABLES = ['EDITOR', 'VISUAL', 'GIT_EDITOR', 'GIT_SEQUENCE_EDITOR'];
/** A command for `sh`: programs hand the name of a file to it as a further argument. */
const NO_EDITOR = `sh -c 'echo "There is no editor here. Pass the text with the command: -m or -F, or --no-edit to keep the message as it is. To accept what git proposes, set GIT_EDITOR=true for that command; for git rebase -i, set GIT_SEQUENCE_EDITOR to a command that changes the list." >&2; exit 1'`;

/** Nobody could use an editor that a command opens, and the command would wait for it. What the user sets for commands stays. */
function withoutEditors(
  env: Readonly<Record<string, string>>,
  set: Readonly<Record<string, string>>,
): Record<string, string> {
  const editors = EDITOR_VARIABLES.map((name) => [name, set[name] ?? NO_EDITOR]);
  return { ...env, ...Object.fromEntries(editors) };
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
    const env = withoutEditors(commandEnvironment(config, base), config.shellEnvironmentPolicy.set);
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
      cwd: userHome(config.env) ?? '/',
      timeoutMs: SNAPSHOT_LIMIT_MS,
    });
  }
}
