import { randomUUID } from 'node:crypto';
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import {
  type CallToolResult,
  type InputRequiredResult,
  inputRequired,
  inputResponse,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { RecordedThreads, type Session, type ThreadOrigin, Threads } from '../../engine/threads/index.ts';
import { KeelError, type SessionEventOf, toKeelError } from '../../foundation/protocol/index.ts';
import { onAbort, printable } from '../../foundation/util/index.ts';
import { type Config, loadConfig, overridesOf } from '../../storage/config/index.ts';
import { progressText } from './progress-text.ts';
import { decisionOf, formOf } from './question.ts';
import { RunningTurn } from './running-turn.ts';
import { flagsOf, type NewThread } from './tool-forms.ts';

/** Of the one question that a call asks at a time. */
const QUESTION = 'approval';

type Outcome = CallToolResult | InputRequiredResult;

export interface CallsOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absolute: where a call works that names no directory, or a relative one. */
  readonly cwd: string;
  /** Settings for every call, `key=value`; those of a call count over them. */
  readonly overrides: readonly string[];
}

/** The calls that are being worked on. A call that asks is made again by the client, with the answer and the state that names it. */
export class Calls implements AsyncDisposable {
  readonly #options: CallsOptions;
  #threads: Threads | null = null;
  readonly #asking = new Map<string, RunningTurn>();

  constructor(options: CallsOptions) {
    this.#options = options;
  }

  /** Runs a call, or what is left of it, until it has a result or asks something. What goes wrong is its result. */
  async run(ctx: ServerContext, start: () => Promise<RunningTurn>): Promise<Outcome> {
    let turn: RunningTurn | null = null;
    try {
      turn = this.#answered(ctx) ?? (await start());
      return await this.#continued(turn, ctx);
    } catch (error) {
      await turn?.close();
      return failure(toKeelError(error).message);
    }
  }

  /** @throws KeelError for settings or a directory that can't be used */
  async begin(args: NewThread, canAsk: boolean): Promise<RunningTurn> {
    const { env, overrides } = this.#options;
    const cwd = resolve(this.#options.cwd, args.cwd ?? '');
    if (statSync(cwd, { throwIfNoEntry: false })?.isDirectory() !== true) {
      throw new KeelError('invalidInput', `${cwd} is not a directory`);
    }
    const config = await loadConfig({
      env,
      cwd,
      overrides: [...overrides, ...overridesOf(args.config ?? {})],
      flags: flagsOf(args),
    });
    return new RunningTurn(await this.#open(config, { type: 'new' }, canAsk), args.prompt);
  }

  /** A thread is opened where it was at work, with its own settings. @throws KeelError `threadNotFound`, `threadBusy` */
  async reply({ threadId, prompt }: { threadId: string; prompt: string }, canAsk: boolean): Promise<RunningTurn> {
    const { env, cwd, overrides } = this.#options;
    const load = (place: string) => loadConfig({ env, cwd: place, overrides, flags: {} });
    const here = await load(cwd);
    const recorded = await new RecordedThreads(here.home).find(threadId);
    const config = recorded === null || recorded.cwd === here.cwd ? here : await load(recorded.cwd);
    return new RunningTurn(await this.#open(config, { type: 'resume', id: threadId }, canAsk), prompt);
  }

  /** Ends every process of every thread at once. */
  killProcesses(): void {
    this.#threads?.killProcesses();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#threads?.[Symbol.asyncDispose]();
  }

  #open(config: Config, origin: ThreadOrigin, canAsk: boolean): Promise<Session> {
    // A connection has one client, which can answer questions or can't.
    this.#threads ??= new Threads({ source: 'mcp', originator: 'keel_mcp', canAsk, ownsProcess: true });
    return this.#threads.open({ config, origin, answersQuestions: canAsk, checksOutput: true, settings: 'thread' });
  }

  /** The turn that this request answers a question of; null: it is a new call. */
  #answered({ mcpReq }: ServerContext): RunningTurn | null {
    const state = mcpReq.requestState<string>();
    if (state === undefined) return null;
    const turn = this.#asking.get(state);
    if (turn === undefined) throw new KeelError('invalidInput', 'no call waits for this answer');
    this.#asking.delete(state);
    turn.answer((request) => decisionOf(request, inputResponse(mcpReq.inputResponses, QUESTION)));
    return turn;
  }

  async #continued(turn: RunningTurn, ctx: ServerContext): Promise<Outcome> {
    // Not taken back when the call asks: while the client looks for an answer, it may give up on it.
    onAbort(ctx.mcpReq.signal, () => turn.stop());
    const news = await turn.next(progressOf(ctx));
    if (news.type === 'approval.requested') {
      const state = randomUUID();
      this.#asking.set(state, turn);
      return inputRequired({ inputRequests: { [QUESTION]: formOf(news) }, requestState: state });
    }
    await turn.close();
    return result(turn.threadId, news);
  }
}

/** Reports each item that begins, to clients that want to know. */
function progressOf({ mcpReq }: ServerContext): Parameters<RunningTurn['next']>[0] {
  const token = mcpReq._meta?.progressToken;
  let progress = 0;
  return (item) => {
    const message = progressText(item);
    if (token === undefined || message === null) return;
    progress += 1;
    const params = { progressToken: token, progress, message: printable(message) };
    // The client may be gone by now, which the transport reports.
    void mcpReq.notify({ method: 'notifications/progress', params }).catch(() => undefined);
  };
}

function result(
  threadId: string,
  { status, error, lastAgentMessage }: SessionEventOf<'turn.completed'>,
): CallToolResult {
  if (error !== null) return failure(`${error.message} (thread ${threadId})`);
  if (status !== 'completed') return failure(`the turn was interrupted (thread ${threadId})`);
  const text = lastAgentMessage ?? '';
  return { content: [{ type: 'text', text }], structuredContent: { threadId, content: text } };
}

function failure(message: string): CallToolResult {
  return { content: [{ type: 'text', text: printable(message) }], isError: true };
}
