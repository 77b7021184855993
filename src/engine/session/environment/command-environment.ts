import { privateDirectory, userHome, within } from '../../../foundation/util/index.ts';
import { type Config, commandEnvironment } from '../../../storage/config/index.ts';
import { LoginEnvironment, type UserShell } from '../../../system/process/index.ts';
import { commandToolsDirectory } from './command-tools.ts';

/** How long a login shell has to answer in the background, ms. */
const LOGIN_LIMIT_MS = 30_000;
/** How long a command waits for that answer, ms. */
const READY_LIMIT_MS = 3_000;

/** All but what looks like a secret, whatever the user's policy for commands is: the answer is kept in a file. */
const NO_SECRETS = { inherit: 'all', ignoreDefaultExcludes: false, exclude: [], set: {}, includeOnly: [] } as const;

export interface CommandEnvironmentOptions {
  readonly config: Config;
  readonly shell: UserShell;
}

/** An environment and what it was made of. */
interface KnownEnvironment {
  readonly base: Config['env'];
  readonly toolsDir: string | null;
  readonly env: Readonly<Record<string, string>>;
}

const EDITOR_VARIABLES = ['EDITOR', 'VISUAL', 'GIT_EDITOR', 'GIT_SEQUENCE_EDITOR'];
/** A command for `sh`: programs pass the name of a file as a further argument. */
const NO_EDITOR = `sh -c 'echo "There is no editor here. Pass the text with the command: -m or -F, or --no-edit to keep the message as it is. To accept what git proposes, set GIT_EDITOR=true for that command; for git rebase -i, set GIT_SEQUENCE_EDITOR to a command that changes the list." >&2; exit 1'`;

/** Commands get no editor, since nobody could use it and they would wait for it. What the user sets for commands stays. */
function withoutEditors(
  env: Readonly<Record<string, string>>,
  set: Readonly<Record<string, string>>,
): Record<string, string> {
  const editors = EDITOR_VARIABLES.map((name) => [name, set[name] ?? NO_EDITOR]);
  return { ...env, ...Object.fromEntries(editors) };
}

/**
 * The environment that a session's commands see: what keel was started with, what the user's login shell adds to it, within
 * the configured policy, with keel's own programs (`apply_patch`, `rg`) last on the path.
 */
export class CommandEnvironment {
  readonly #options: CommandEnvironmentOptions;
  #login: LoginEnvironment | null = null;
  #tools: Promise<void> | null = null;
  #toolsDir: string | null = null;
  #known: KnownEnvironment | null = null;

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
    if (!this.#login || this.#login.isTaken || signal.aborted) return;
    await within(this.#login.taken, READY_LIMIT_MS, signal);
  }

  /** The environment as it is known by now, without secrets. */
  current(): Readonly<Record<string, string>> {
    const { config } = this.#options;
    const base = this.#login?.applyTo(config.env) ?? config.env;
    if (this.#known?.base !== base || this.#known.toolsDir !== this.#toolsDir) {
      this.#known = { base, toolsDir: this.#toolsDir, env: this.#environment(base) };
    }
    return this.#known.env;
  }

  #environment(base: Config['env']): Readonly<Record<string, string>> {
    const { config } = this.#options;
    const env = withoutEditors(commandEnvironment(config, base), config.shellEnvironmentPolicy.set);
    if (this.#toolsDir === null || env['PATH'] === undefined) return env;
    return { ...env, PATH: `${env['PATH']}:${this.#toolsDir}` };
  }

  /** The shell starts in the user's home, so that a project can't change its answer. Secrets are not kept. */
  #askLoginShell(): void {
    const { config, shell } = this.#options;
    const { inherit, useProfile } = config.shellEnvironmentPolicy;
    if (this.#login || inherit === 'none' || !useProfile) return;
    const dir = answersDirectory(config.home);
    if (dir === null) return;
    const settings = { ...config, shellEnvironmentPolicy: NO_SECRETS };
    this.#login = new LoginEnvironment({
      shell: shell.path,
      env: commandEnvironment(settings, config.env),
      cwd: userHome(config.env) ?? '/',
      dir,
      filter: (env) => commandEnvironment(settings, env),
      limitMs: LOGIN_LIMIT_MS,
    });
  }
}

/** Null for a home that can't be written to, or whose cache others could change: start-up files are not used then. */
function answersDirectory(home: string): string | null {
  try {
    return privateDirectory(home, 'cache');
  } catch {
    return null;
  }
}
