import { KeelError } from '../../foundation/protocol/index.ts';
import { maskSecrets } from '../../foundation/secrets/index.ts';
import { findConfiguredProgram, printable, raceAbort, reasonOf } from '../../foundation/util/index.ts';
import {
  type AuthCommand,
  type Config,
  programEnvironment,
  programSearch,
  secretValues,
} from '../../storage/config/index.ts';
import { programOutput } from '../../system/process/index.ts';
import { type Credentials, environmentHeaders, type RenewableCredentials } from '../client/index.ts';
import { type Token, tokenOf } from './token-output.ts';

/** A token is renewed this long before it expires, ms: a request has to arrive with it. */
const EARLY_MS = 30_000;
/** What a killed program left running may keep its output open: it is not waited for longer than this, ms. */
const KILL_MS = 500;
const MAX_REASON_CHARS = 300;

/**
 * The token that a program of the user's prints (`auth_command`), kept until it expires. The program runs outside the sandbox, so
 * it must not be where commands can write, and it starts in keel's home: no repository has an influence on it.
 */
export class CommandToken implements RenewableCredentials {
  readonly #command: AuthCommand;
  readonly #config: Config;
  readonly #now: () => number;
  #token: Token | null = null;
  /** One program at a time, whoever waits for it. */
  #running: Promise<Token> | null = null;

  constructor(command: AuthCommand, config: Config, now: () => number = Date.now) {
    this.#command = command;
    this.#config = config;
    this.#now = now;
  }

  async current(signal: AbortSignal): Promise<Credentials> {
    const { provider, env } = this.#config;
    const isValid = this.#token !== null && this.#now() < this.#token.expiresAtMs - EARLY_MS;
    const token = this.#token !== null && isValid ? this.#token : await raceAbort(this.#renew(), signal);
    const source = `the program of auth_command (${this.#command.program})`;
    return { bearer: token.value, source, headers: environmentHeaders(provider, env) };
  }

  async renewed(refused: Credentials, signal: AbortSignal): Promise<Credentials | null> {
    if (this.#token?.value === refused.bearer) this.#token = null;
    const other = await this.current(signal);
    return other.bearer === refused.bearer ? null : other;
  }

  #renew(): Promise<Token> {
    this.#running ??= this.#run().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async #run(): Promise<Token> {
    const text = await this.#output();
    const token = tokenOf(text, { nowMs: this.#now(), lifetimeMs: this.#command.lifetimeMs + EARLY_MS });
    // Without a word of what it printed: that may be a token in another form.
    if (token === null) throw this.#failed('it printed neither one token on one line nor JSON with a token');
    this.#token = token;
    return token;
  }

  async #output(): Promise<string> {
    const { program, args, timeoutMs } = this.#command;
    const { home } = this.#config;
    const found = findConfiguredProgram(program, programSearch(this.#config), home);
    if (found.type === 'missing') throw this.#failed(found.reason);
    // Without the keys of other providers, but with whatever else the program may log in by.
    const own = programEnvironment(this.#config);
    const options = { cwd: home, env: { ...own, PATH: found.searchPath }, timeoutMs };
    try {
      const late = AbortSignal.timeout(timeoutMs + KILL_MS);
      return await raceAbort(programOutput(found.path, args, options), late);
    } catch (error) {
      throw this.#failed(this.#reasonOf(error));
    }
  }

  /** In words, with what the program says of it. Node's own message has the whole command and its output in it. */
  #reasonOf(error: unknown): string {
    const { timeoutMs } = this.#command;
    if (!(error instanceof Error)) return reasonOf(error);
    if (error.name === 'TimeoutError' || ('killed' in error && error.killed === true)) {
      return `it had not ended after ${timeoutMs / 1_000} s`;
    }
    if (!('code' in error) || typeof error.code !== 'number') return reasonOf(error);
    const said = 'stderr' in error && typeof error.stderr === 'string' ? error.stderr.trim() : '';
    const words = printable(maskSecrets(said, secretValues(this.#config))).slice(0, MAX_REASON_CHARS);
    return `it ended with exit code ${error.code}${words === '' ? '' : `: ${words}`}`;
  }

  /** Without a cause: Node's errors contain what the program printed. */
  #failed(reason: string): KeelError {
    const { program } = this.#command;
    const message = `auth_command of provider "${this.#config.provider.id}" (${program}): ${reason}`;
    return new KeelError('missingCredentials', message);
  }
}
