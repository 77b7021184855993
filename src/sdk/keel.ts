import { loadConfig } from '../config/index.ts';
import type { ApprovalPolicy, SandboxMode } from '../protocol/index.ts';
import { openSession, type ThreadOrigin } from '../session/index.ts';
import { version } from '../util/index.ts';
import { type ApprovalHandler, Thread } from './thread.ts';

export interface KeelOptions {
  /** Where the agent works. Default: the process's working directory. */
  readonly cwd?: string;
  /** Settings are read from here, and threads kept. Default: `KEEL_HOME`, else `~/.keel`. */
  readonly home?: string;
  readonly model?: string;
  readonly sandbox?: SandboxMode;
  readonly approvalPolicy?: ApprovalPolicy;
  /** Answers approval requests. Without it nobody can be asked, and the agent is told so. */
  readonly onApproval?: ApprovalHandler;
  /** Overrides in the form of the command line's `-c`: `key=value`. */
  readonly overrides?: readonly string[];
  /** Variables that keel reads (keys, base URLs) and hands to commands, less the secrets. Default: the process's. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Keep no record of the threads. */
  readonly ephemeral?: boolean;
}

/** Opens threads that share settings. Holds nothing open itself. */
export class Keel {
  readonly #options: KeelOptions;

  constructor(options: KeelOptions = {}) {
    this.#options = options;
  }

  /** @throws KeelError for settings that can't be used */
  startThread(): Promise<Thread> {
    return this.#open({ type: 'new' });
  }

  /**
   * Goes on with a recorded thread, by its id.
   * @throws KeelError `threadNotFound`, `threadBusy` while another process writes it
   */
  resumeThread(id: string): Promise<Thread> {
    return this.#open({ type: 'resume', id });
  }

  async #open(origin: ThreadOrigin): Promise<Thread> {
    const options = this.#options;
    const env = { ...(options.env ?? process.env), ...(options.home === undefined ? {} : { KEEL_HOME: options.home }) };
    const config = await loadConfig({
      env,
      cwd: options.cwd ?? process.cwd(),
      overrides: options.overrides ?? [],
      flags: {
        ...(options.model === undefined ? {} : { model: options.model }),
        ...(options.sandbox === undefined ? {} : { sandboxMode: options.sandbox }),
        ...(options.approvalPolicy === undefined ? {} : { approvalPolicy: options.approvalPolicy }),
      },
    });
    const session = await openSession({
      config,
      origin,
      source: 'sdk',
      originator: 'keel_sdk',
      version,
      ephemeral: options.ephemeral ?? false,
      canAsk: options.onApproval !== undefined,
      unfinishedTurn: 'interrupt',
    });
    return new Thread(session, options.onApproval ?? null);
  }
}
