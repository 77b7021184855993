import { askLoginShell } from './ask-login-shell.ts';
import { LoginAnswers } from './login-answers.ts';

type Environment = Readonly<Record<string, string | undefined>>;

export interface LoginEnvironmentOptions {
  /** Absolute path of the user's shell: bash, zsh or sh. */
  readonly shell: string;
  /** What the shell gets. Without secrets: its answer is kept. */
  readonly env: Readonly<Record<string, string>>;
  /** Absolute. */
  readonly cwd: string;
  /** Where answers are kept, a directory that only the user can change. */
  readonly dir: string;
  /** The part of an answer that may be kept and used. */
  readonly filter: (env: Readonly<Record<string, string>>) => Readonly<Record<string, string>>;
  /** How long an answer is waited for, ms. */
  readonly limitMs: number;
}

/**
 * What the user's start-up files add to an environment, so that commands need no login shell each, which costs many times what
 * the command does. Only variables are taken over: functions and aliases of a login shell are not there for scripts either. The
 * answer is kept across runs, since some start-up files take seconds.
 */
export class LoginEnvironment {
  readonly #taken: Promise<void>;
  #added: Readonly<Record<string, string>> = {};
  #isTaken = false;
  #applied: { readonly added: Environment; readonly base: Environment; readonly env: Environment } | null = null;

  /** Starts the shell at once, where no answer is kept or the kept one is old. */
  constructor(options: LoginEnvironmentOptions) {
    this.#taken = this.#take(options).finally(() => {
      this.#isTaken = true;
    });
  }

  get isTaken(): boolean {
    return this.#isTaken;
  }

  /** Resolves when there is an answer or the time is over. Never rejects. */
  get taken(): Promise<void> {
    return this.#taken;
  }

  /**
   * `base` with what is known by now. What keel was started with counts (a virtual environment, the settings of a CI step):
   * start-up files add variables that are missing, and places at the end of the path. The same object as long as no more is
   * known.
   */
  applyTo(base: Environment): Environment {
    const last = this.#applied;
    if (last?.added === this.#added && last.base === base) return last.env;
    const { PATH, ...added } = this.#added;
    const path = joinedPath(base['PATH'], PATH);
    const env = { ...added, ...base, ...(path === '' ? {} : { PATH: path }) };
    this.#applied = { added: this.#added, base, env };
    return env;
  }

  async #take(options: LoginEnvironmentOptions): Promise<void> {
    const answers = new LoginAnswers(options);
    const kept = answers.read();
    this.#added = kept?.env ?? {};
    if (kept?.isFresh) return;
    const asked = askLoginShell({ ...options, answers }).then(() => {
      this.#added = answers.read()?.env ?? this.#added;
    });
    // An old answer serves this run.
    if (kept === null) await asked;
  }
}

function joinedPath(first: string | undefined, then: string | undefined): string {
  const places = [first, then].flatMap((path) => path?.split(':') ?? []).filter((place) => place !== '');
  return [...new Set(places)].join(':');
}
