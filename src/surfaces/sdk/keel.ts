import {
  type CustomTool,
  RecordedThreads,
  type Session,
  type ThreadOrigin,
  type ThreadPage,
  type ThreadQuery,
  Threads,
} from '../../engine/threads/index.ts';
import { type ApprovalPolicy, KeelError, type SandboxMode, type Turn } from '../../foundation/protocol/index.ts';
import { type Config, loadConfig } from '../../storage/config/index.ts';
import { forCaller } from './caller-errors.ts';
import { customTransport, transportOf, withCustomModel } from './custom-model.ts';
import type { ApprovalHandler, QuestionHandler } from './handlers.ts';
import type { ModelOptions } from './model.ts';
import { Thread } from './thread.ts';
import type { ModelTransport } from './transport.ts';

export interface KeelOptions extends ModelOptions {
  /** Where the agent works. Default: the process's working directory. */
  readonly cwd?: string;
  /** Settings are read from here, and threads kept. Default: `KEEL_HOME`, else `~/.keel`. */
  readonly home?: string;
  readonly model?: string;
  readonly sandbox?: SandboxMode;
  readonly approvalPolicy?: ApprovalPolicy;
  /** Answers approval requests. Without it the session is non-interactive, and the agent knows. */
  readonly onApproval?: ApprovalHandler;
  /**
   * Answers what the model wants to know of the user; it is offered a tool for that then. Needs `onApproval`, which says that there
   * is a user at all.
   */
  readonly onQuestions?: QuestionHandler;
  /** Functions of your program that the model can call: see `tool`. */
  readonly tools?: readonly CustomTool[];
  /** Overrides in the form of the command line's `-c`: `key=value`. */
  readonly overrides?: readonly string[];
  /** Variables that keel reads (keys, base URLs) and passes to commands, without the secrets. Default: the process's. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Keep no record of the threads. */
  readonly ephemeral?: boolean;
}

/** What a single thread has of its own. */
export interface ThreadSetup {
  /** In place of those of `Keel`. A thread that is resumed or forked is given its tools again. */
  readonly tools?: readonly CustomTool[];
}

/** Opens threads that share settings. Needs no closing itself. */
export class Keel {
  readonly #options: KeelOptions;
  readonly #threads: Threads;

  /** @throws KeelError `invalidInput` for options that exclude each other */
  constructor(options: KeelOptions = {}) {
    if (options.customModel !== undefined && options.transport !== undefined) {
      throw new KeelError(
        'invalidInput',
        'customModel and transport are both given: a model of your own sends nothing',
      );
    }
    if (options.onQuestions !== undefined && options.onApproval === undefined) {
      throw new KeelError(
        'invalidInput',
        'onQuestions is given without onApproval: a session is interactive, or it is not',
      );
    }
    this.#options = options;
    const canAsk = options.onApproval !== undefined;
    this.#threads = new Threads({ source: 'sdk', originator: 'keel_sdk', canAsk, ownsProcess: false });
  }

  /** @throws KeelError for settings that can't be used */
  startThread(setup: ThreadSetup = {}): Promise<Thread> {
    return this.#open({ type: 'new' }, setup);
  }

  /**
   * Continues a recorded thread, by its id, its name, or the path of its record.
   * @throws KeelError `threadNotFound`, `threadBusy` while another process writes it
   */
  resumeThread(id: string, setup: ThreadSetup = {}): Promise<Thread> {
    return this.#open({ type: 'resume', id }, setup);
  }

  /** Continues the newest thread of the working directory, or of any. @throws KeelError as `resumeThread` */
  resumeLastThread({
    anyDirectory = false,
    ...setup
  }: ThreadSetup & { readonly anyDirectory?: boolean } = {}): Promise<Thread> {
    return this.#open({ type: 'resumeLast', anyDirectory }, setup);
  }

  /**
   * Starts a new thread from another one: with its first `userMessages` messages of the user and what followed from them, or
   * with all of it. The other thread is only read.
   * @throws KeelError `threadNotFound`
   */
  forkThread(
    id: string,
    { userMessages, ...setup }: ThreadSetup & { readonly userMessages?: number } = {},
  ): Promise<Thread> {
    return this.#open({ type: 'fork', id, userMessages: userMessages ?? null }, setup);
  }

  /** A page of the recorded threads, newest first. @throws KeelError `invalidInput` for an invalid cursor or limit */
  listThreads(query: ThreadQuery = {}): Promise<ThreadPage> {
    return forCaller(async () => {
      const { home } = await this.#config();
      return new RecordedThreads(home).list(query);
    });
  }

  #open(origin: ThreadOrigin, setup: ThreadSetup): Promise<Thread> {
    return forCaller(() => this.#opened(origin, setup));
  }

  async #opened(origin: ThreadOrigin, { tools }: ThreadSetup): Promise<Thread> {
    const options = this.#options;
    const { customModel, onApproval = null, onQuestions = null } = options;
    const configured = await this.#config();
    const session = await this.#threads.open({
      ...sentBy(customModel === undefined ? options.transport : customTransport(customModel)),
      config: customModel === undefined ? configured : withCustomModel(configured, customModel),
      origin,
      ephemeral: options.ephemeral ?? false,
      answersQuestions: onQuestions !== null,
      checksOutput: true,
      settings: 'thread',
      customTools: tools ?? options.tools ?? [],
    });
    return new Thread(session, await earlierTurns(session), { onApproval, onQuestions });
  }

  #config(): Promise<Config> {
    const options = this.#options;
    const env = { ...(options.env ?? process.env), ...(options.home === undefined ? {} : { KEEL_HOME: options.home }) };
    return loadConfig({
      env,
      cwd: options.cwd ?? process.cwd(),
      overrides: options.overrides ?? [],
      flags: {
        ...(options.model === undefined ? {} : { model: options.model }),
        ...(options.sandbox === undefined ? {} : { sandboxMode: options.sandbox }),
        ...(options.approvalPolicy === undefined ? {} : { approvalPolicy: options.approvalPolicy }),
      },
    });
  }
}

function sentBy(transport: ModelTransport | undefined): {
  readonly openTransport?: () => ReturnType<typeof transportOf>;
} {
  return transport === undefined ? {} : { openTransport: () => transportOf(transport) };
}

async function earlierTurns(session: Session): Promise<readonly Turn[]> {
  for await (const event of session.events()) return event.type === 'thread.started' ? event.turns : [];
  return [];
}
