import { existsSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Config } from '../config/index.ts';
import { KeelError, type ReviewTarget, type SessionEventOf, type UserInput } from '../protocol/index.ts';
import { openSession, type Session, type ThreadOrigin } from '../session/index.ts';
import { printable, reasonOf } from '../util/index.ts';
import { HumanPrinter } from './human-printer.ts';
import { JsonlPrinter } from './jsonl-printer.ts';
import type { ExecPrinter } from './printer.ts';

export interface ExecOptions {
  readonly config: Config;
  readonly origin: ThreadOrigin;
  readonly version: string;
  /** Null: no new request, only go on with a turn that a crash cut off. */
  readonly prompt: string | null;
  /** A review in place of a prompt. */
  readonly review?: ReviewTarget;
  /** Turns that are taken out of the conversation before the prompt is sent; null: none. */
  readonly rollback: number | null;
  readonly images: readonly string[];
  readonly outputSchema: unknown;
  readonly json: boolean;
  readonly color: boolean;
  readonly skipGitRepoCheck: boolean;
  readonly ephemeral: boolean;
  /** Receives the last message of the agent. */
  readonly lastMessageFile: string | null;
  readonly originator: string;
}

export interface ExecIo {
  readonly writeOut: (text: string) => void;
  readonly writeErr: (text: string) => void;
  /** Aborts when the run is to stop: a signal, or nobody reads the output any more. The reason is the exit code. */
  readonly stop: AbortSignal;
  /** Called once with a function that ends every child process at once, for a process that is about to exit. */
  readonly onExit: (kill: () => void) => void;
}

/** How long an interrupted run may take to settle before it is left behind. */
const STOP_GRACE_MS = 1_000;

/**
 * Runs one turn without a person at hand. Everything but the result goes to stderr, or all of it to stdout as JSONL.
 * @returns the exit code: 0 if the turn completed, 1 if it failed, the stop signal's reason if it was stopped
 * @throws KeelError for what is wrong before the turn begins
 */
export async function runExec(asked: ExecOptions, io: ExecIo): Promise<number> {
  checkWorkingDirectory(asked);
  const options = await withLocalModel(asked, io);
  if (options === null || io.stop.aborted) return stopCode(io);
  const session = await openSession({
    config: options.config,
    origin: options.origin,
    source: 'exec',
    originator: options.originator,
    version: options.version,
    ephemeral: options.ephemeral,
    canAsk: false,
    unfinishedTurn: options.prompt === null ? 'continue' : 'interrupt',
  });
  io.onExit(() => session.killProcesses());
  const onStop = () => stopSession(session);
  io.stop.addEventListener('abort', onStop, { once: true });
  try {
    return await follow(session, options, io);
  } finally {
    io.stop.removeEventListener('abort', onStop);
    await session.close();
  }
}

/** The options with the provider as its server speaks; null if the run was stopped meanwhile. */
async function withLocalModel(options: ExecOptions, io: ExecIo): Promise<ExecOptions | null> {
  const { config } = options;
  if (config.provider.local === undefined) return options;
  const { prepareLocalModel } = await import('../local/index.ts');
  try {
    const tell = (line: string) => io.writeErr(`${printable(line)}\n`);
    const provider = await prepareLocalModel({ config, signal: io.stop }, tell);
    return { ...options, config: { ...config, provider } };
  } catch (error) {
    if (io.stop.aborted) return null;
    throw error;
  }
}

function stopCode({ stop }: ExecIo): number {
  return Number(stop.reason) || 1;
}

async function follow(session: Session, options: ExecOptions, io: ExecIo): Promise<number> {
  const printer = makePrinter(options, io);
  let ended: SessionEventOf<'turn.completed'> | null = null;
  let review: string | null = null;
  let hasBegun = false;
  for await (const event of session.events({ deltas: false })) {
    if (event.type === 'item.completed' && event.item.type === 'exitedReviewMode') review = event.item.review;
    // Nothing runs yet that an interrupt could end: what is submitted now would begin after it.
    if (event.type === 'thread.started' && io.stop.aborted) return stopCode(io);
    if (
      event.type === 'thread.started' &&
      options.prompt === null &&
      !options.review &&
      event.turns.at(-1)?.status !== 'inProgress'
    ) {
      throw new KeelError('invalidInput', 'this thread has no unfinished turn: give a prompt to go on with');
    }
    const { rollback } = options;
    hasBegun ||= event.type === 'turn.started';
    // What was asked for can't be done: no turn will come of it.
    if (!hasBegun && event.type === 'error' && event.turnId === null) {
      throw new KeelError(event.error.kind, event.error.message);
    }
    printer.print(event);
    if (event.type === 'thread.started') {
      if (rollback === null) submitPrompt(session, options);
      else session.submit({ type: 'rollback', turns: rollback });
    }
    if (event.type === 'thread.rolledBack') {
      if (io.stop.aborted) return stopCode(io);
      submitPrompt(session, options);
    }
    if (event.type === 'turn.completed') {
      ended = event;
      break;
    }
  }
  if (io.stop.aborted && ended?.status !== 'completed') return stopCode(io);
  if (ended === null) throw new KeelError('internal', 'the session ended before its turn did');
  finish(ended.lastAgentMessage ?? review, options, io);
  if (io.stop.aborted) return stopCode(io);
  return ended.status === 'completed' ? 0 : 1;
}

function submitPrompt(session: Session, { prompt, review, images, outputSchema, config }: ExecOptions): void {
  if (review) {
    session.submit({ type: 'review', target: review });
    return;
  }
  if (prompt === null) return;
  const items: UserInput[] = images.map((path) => ({ type: 'localImage', path }));
  items.push({ type: 'text', text: prompt });
  const { cwd, approvalPolicy, sandboxPolicy, model, effort, summary } = config;
  session.submit({
    type: 'userTurn',
    items,
    cwd,
    approvalPolicy,
    sandboxPolicy,
    model,
    effort,
    summary,
    ...(outputSchema === undefined ? {} : { outputSchema }),
  });
}

function finish(message: string | null, options: ExecOptions, io: ExecIo): void {
  // First to where nothing can go wrong with it.
  if (!options.json && message !== null) io.writeOut(message.endsWith('\n') ? message : `${message}\n`);
  if (options.lastMessageFile === null) return;
  if (message === null) io.writeErr(`Warning: there is no last message; ${options.lastMessageFile} is left empty\n`);
  writeLastMessage(options.lastMessageFile, message ?? '');
}

function writeLastMessage(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (cause) {
    const reason = reasonOf(cause);
    throw new KeelError('storageFailed', `the last message could not be written: ${reason}`, { cause });
  }
}

function makePrinter(options: ExecOptions, io: ExecIo): ExecPrinter {
  if (options.json) return new JsonlPrinter(io.writeOut);
  const { config } = options;
  return new HumanPrinter({
    color: options.color,
    write: io.writeErr,
    facts: {
      version: options.version,
      prompt: options.prompt ?? (options.review ? '(review)' : '(goes on with the unfinished turn)'),
      provider: config.provider.id,
      approvalPolicy: 'never',
      sandboxPolicy: config.sandboxPolicy,
      hideReasoning: config.hideAgentReasoning,
    },
  });
}

function stopSession(session: Session): void {
  session.submit({ type: 'interrupt' });
  // A turn that does not settle in time is left behind; its processes are not.
  setTimeout(() => {
    session.killProcesses();
    void session.close();
  }, STOP_GRACE_MS).unref();
}

function checkWorkingDirectory({ config, skipGitRepoCheck }: ExecOptions): void {
  if (!statSync(config.cwd, { throwIfNoEntry: false })?.isDirectory()) {
    throw new KeelError('invalidInput', `the working directory ${config.cwd} does not exist or is no directory`);
  }
  if (skipGitRepoCheck || isInsideGit(config.cwd)) return;
  throw new KeelError(
    'invalidInput',
    `${config.cwd} is not inside a Git repository, where every change could be undone. Use --skip-git-repo-check to run here all the same.`,
  );
}

function isInsideGit(cwd: string): boolean {
  for (let dir = cwd; ; dir = dirname(dir)) {
    if (existsSync(join(dir, '.git'))) return true;
    if (dir === dirname(dir)) return false;
  }
}
