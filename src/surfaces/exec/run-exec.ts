import { closeSync, writeFileSync } from 'node:fs';
import { openSession, type Session } from '../../engine/session/index.ts';
import { OutputFile } from '../../foundation/files/index.ts';
import { KeelError, type SessionEventOf, type UserInput } from '../../foundation/protocol/index.ts';
import { printable, reasonOf } from '../../foundation/util/index.ts';
import { everWritableRoots } from '../../system/sandbox/index.ts';
import type { ExecOptions } from './exec-options.ts';
import { HumanPrinter } from './human-printer.ts';
import { checkBeforeRun } from './preflight.ts';
import type { ExecPrinter } from './printer.ts';

export interface ExecIo {
  readonly writeOut: (text: string) => void;
  readonly writeErr: (text: string) => void;
  /** Aborts when the run is to stop: a signal, or nobody reads the output any more. The reason is the exit code. */
  readonly stop: AbortSignal;
  /** Called once with a function that ends every child process at once, for a process that is about to exit. */
  readonly onExit: (kill: () => void) => void;
}

/** The budget ended the turn: what it has done may be half of what was asked. */
const BUDGET_EXIT_CODE = 3;
/** How long an interrupted run may take to settle before it is left behind. */
const STOP_GRACE_MS = 1_000;

/**
 * Runs one turn without a person at hand. Everything but the result goes to stderr, or all of it to stdout as JSONL.
 * @returns the exit code: 0 if the turn completed, 1 if it failed, 3 if its budget ended it, the stop signal's reason if it was stopped
 * @throws KeelError for what is wrong before the turn begins
 */
export async function runExec(asked: ExecOptions, io: ExecIo): Promise<number> {
  checkBeforeRun(asked);
  const options = await withLocalModel(asked, io);
  if (options === null || io.stop.aborted) return stopCode(io);
  using output = outputFile(options);
  const session = await openSession({
    config: options.config,
    origin: options.origin,
    source: 'exec',
    originator: options.originator,
    version: options.version,
    ephemeral: options.ephemeral,
    canAsk: false,
    checksOutput: true,
    orphans: 'end',
    unfinishedTurn: options.prompt === null ? 'continue' : 'interrupt',
  });
  io.onExit(() => session.killProcesses());
  const onStop = () => stopSession(session);
  io.stop.addEventListener('abort', onStop, { once: true });
  try {
    return await follow(session, { ...options, output }, io);
  } finally {
    io.stop.removeEventListener('abort', onStop);
    await session.close();
  }
}

/** The options with the provider as its server speaks; null if the run was stopped meanwhile. */
async function withLocalModel(options: ExecOptions, io: ExecIo): Promise<ExecOptions | null> {
  const { config } = options;
  if (config.provider.local === undefined) return options;
  const { prepareLocalModel } = await import('../../models/local/index.ts');
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

/** Options whose output file is held. */
interface RunOptions extends ExecOptions {
  readonly output: OutputFile | null;
}

/** Held before the first command runs, which could put a link in its place. */
function outputFile({ lastMessageFile: path, config }: ExecOptions): OutputFile | null {
  if (path === null) return null;
  try {
    return OutputFile.anchor(path, everWritableRoots(config));
  } catch (cause) {
    throw new KeelError('invalidInput', `the last message can't be written to ${path}: ${reasonOf(cause)}`, { cause });
  }
}

async function follow(session: Session, options: RunOptions, io: ExecIo): Promise<number> {
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
    if (event.type === 'turn.completed') {
      ended = event;
      break;
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
  }
  if (ended === null) {
    if (io.stop.aborted) return stopCode(io);
    throw new KeelError('internal', 'the session ended before its turn did');
  }
  const isStopped = io.stop.aborted && ended.status !== 'completed';
  const message = ended.lastAgentMessage ?? (ended.status === 'completed' ? review : null);
  const unwritten = isStopped ? null : writeLastMessage(message, options, io);
  // The end of a run that did not do all it was asked to is not its success: whoever called prints the failure in its place.
  if (unwritten === null || options.jsonl === null) printer.print(ended);
  if (!isStopped && options.jsonl === null && message !== null) io.writeOut(`${message.replace(/\n$/, '')}\n`);
  if (unwritten !== null) throw unwritten;
  if (io.stop.aborted) return stopCode(io);
  if (ended.error?.kind === 'budgetExceeded') return BUDGET_EXIT_CODE;
  return ended.status === 'completed' ? 0 : 1;
}

function submitPrompt(session: Session, { prompt, review, images, outputSchema, config }: ExecOptions): void {
  if (review) {
    session.submit({ type: 'review', target: review, ...(outputSchema === undefined ? {} : { outputSchema }) });
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

/** @returns why the file of the last message could not be written; null if it was, or none was asked for */
function writeLastMessage(
  message: string | null,
  { output, lastMessageFile: path }: RunOptions,
  io: ExecIo,
): KeelError | null {
  if (output === null) return null;
  if (message === null) io.writeErr(`Warning: there is no last message; ${path} is left empty\n`);
  try {
    const fd = output.open();
    try {
      writeFileSync(fd, message ?? '');
    } finally {
      closeSync(fd);
    }
    return null;
  } catch (cause) {
    return new KeelError('storageFailed', `the last message could not be written: ${reasonOf(cause)}`, { cause });
  }
}

function makePrinter(options: ExecOptions, io: ExecIo): ExecPrinter {
  if (options.jsonl !== null) return options.jsonl;
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
