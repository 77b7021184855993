import { type Session, Threads } from '../../engine/threads/index.ts';
import { printable } from '../../foundation/util/index.ts';
import { everWritableRoots } from '../../system/sandbox/index.ts';
import type { ExecOptions } from './exec-options.ts';
import { followRun, type RunEnd } from './follow-run.ts';
import { HumanPrinter } from './human-printer.ts';
import { LastMessageFile } from './last-message.ts';
import { checkBeforeRun } from './preflight.ts';
import type { ExecPrinter } from './printer.ts';

export interface ExecIo {
  readonly writeOut: (text: string) => void;
  readonly writeErr: (text: string) => void;
  /** Aborts when the run is to stop: a signal, or the reader of the output is gone. The reason is the exit code. */
  readonly stop: AbortSignal;
  /** Called once with a function that ends every child process at once, for a process that is about to exit. */
  readonly onExit: (kill: () => void) => void;
}

/** The budget ended the turn: the work may be half done. */
const BUDGET_EXIT_CODE = 3;
/** How long an interrupted run may take to settle before it is abandoned. */
const STOP_GRACE_MS = 1_000;

/**
 * Runs one turn non-interactively. Everything but the result goes to stderr, or all of it to stdout as JSONL.
 * @returns the exit code: 0 if the turn completed, 1 if it failed, 3 if its budget ended it, the stop signal's reason if it was stopped
 * @throws KeelError for what is wrong before the turn starts
 */
export async function runExec(asked: ExecOptions, io: ExecIo): Promise<number> {
  checkBeforeRun(asked);
  const options = await withLocalModel(asked, io);
  if (options === null || io.stop.aborted) return stopCode(io);
  const { config, lastMessageFile } = options;
  const threads = new Threads({ source: 'exec', originator: options.originator, canAsk: false, ownsProcess: true });
  const session = await threads.open({
    config,
    origin: options.origin,
    ephemeral: options.ephemeral,
    checksOutput: true,
    unfinishedTurn: options.prompt === null ? 'continue' : 'interrupt',
    settings: 'thread',
  });
  io.onExit(() => threads.killProcesses());
  const onStop = () => stopSession(session);
  io.stop.addEventListener('abort', onStop, { once: true });
  try {
    const place = { ...config, ...session.configuration };
    using file = lastMessageFile === null ? null : new LastMessageFile(lastMessageFile, everWritableRoots(place));
    for (const change of session.changes) io.writeErr(`${printable(`changed: ${change}`)}\n`);
    const printer = makePrinter(options, session, io);
    const end = await followRun({ session, options, printer, stop: io.stop });
    return report(end, { options, printer, file, io });
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
    const showProgress = (line: string) => io.writeErr(`${printable(line)}\n`);
    const provider = await prepareLocalModel({ config, signal: io.stop }, showProgress);
    return { ...options, config: { ...config, provider } };
  } catch (error) {
    if (io.stop.aborted) return null;
    throw error;
  }
}

interface ReportDeps {
  readonly options: ExecOptions;
  readonly printer: ExecPrinter;
  readonly file: LastMessageFile | null;
  readonly io: ExecIo;
}

/** Prints the result and says by the exit code how the run ended. */
function report(end: RunEnd, { options, printer, file, io }: ReportDeps): number {
  if (end.type === 'stopped') return stopCode(io);
  const { turn, message } = end;
  const isStopped = io.stop.aborted && turn.status !== 'completed';
  const unwritten = isStopped || file === null ? null : file.write(message, io.writeErr);
  // A run whose output file is missing is not a success: the caller prints that failure in place of the turn's end.
  if (unwritten === null || options.jsonl === null) printer.print(turn);
  if (!isStopped && options.jsonl === null && message !== null) io.writeOut(`${message.replace(/\n$/, '')}\n`);
  if (unwritten !== null) throw unwritten;
  if (io.stop.aborted) return stopCode(io);
  if (turn.error?.kind === 'budgetExceeded') return BUDGET_EXIT_CODE;
  return turn.status === 'completed' ? 0 : 1;
}

function stopCode({ stop }: ExecIo): number {
  return Number(stop.reason) || 1;
}

function makePrinter(options: ExecOptions, { configuration }: Session, io: ExecIo): ExecPrinter {
  if (options.jsonl !== null) return options.jsonl;
  const { config } = options;
  return new HumanPrinter({
    color: options.color,
    write: io.writeErr,
    facts: {
      version: options.version,
      prompt: options.prompt ?? (options.review ? '(review)' : '(continues the unfinished turn)'),
      provider: config.provider.id,
      approvalPolicy: 'never',
      sandboxPolicy: configuration.sandboxPolicy,
      hideReasoning: config.hideAgentReasoning,
    },
  });
}

function stopSession(session: Session): void {
  session.submit({ type: 'interrupt' });
  // A turn that does not settle in time is abandoned; its processes are not.
  setTimeout(() => {
    session.killProcesses();
    void session.close();
  }, STOP_GRACE_MS).unref();
}
