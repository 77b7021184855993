import { type Session, Threads } from '../../engine/threads/index.ts';
import { monotonicMs, printable } from '../../foundation/util/index.ts';
import { everWritableRoots } from '../../system/sandbox/index.ts';
import type { ExecOptions } from './exec-options.ts';
import { type MessageTerminal, writeMarkdown } from './final-message.ts';
import { followRun, type RunEnd } from './follow-run.ts';
import { HumanPrinter } from './human-printer.ts';
import { LastMessageFile } from './last-message.ts';
import { LiveLine } from './live-line.ts';
import { NotDoneWatch } from './not-done.ts';
import { checkBeforeRun } from './preflight.ts';
import type { ExecPrinter, RunEvent } from './printer.ts';

export interface ExecIo {
  readonly writeOut: (text: string) => void;
  readonly writeErr: (text: string) => void;
  /** Replaces the live line of the terminal that `writeErr` writes to; null erases it. Null where it has none. */
  readonly drawLive: ((text: string | null) => void) | null;
  /** Where the final message is shown as Markdown; null: it is written as it is. */
  readonly messageTerminal: MessageTerminal | null;
  /** Whether what `writeOut` and `writeErr` write is read in one place. */
  readonly isOneOutput: () => boolean;
  /** Whether somebody can open a thread in this terminal. */
  readonly isInteractive: boolean;
  /** Aborts when the run is to stop: a signal, or the reader of the output is gone. The reason is the exit code. */
  readonly stop: AbortSignal;
  /** Called with what has to be done at once when the process is about to exit: children are ended, the live line is erased. */
  readonly onExit: (kill: () => void) => void;
}

/** The budget ended the turn: the work may be half done. */
const BUDGET_EXIT_CODE = 3;
/** How long an interrupted run may take to settle before it is abandoned. */
const STOP_GRACE_MS = 1_000;

/**
 * Runs one turn non-interactively. Everything but the result goes to stderr, or all of it to stdout for a program.
 * @returns the exit code: 0 if the turn completed, 1 if it failed, 3 if its budget ended it, the stop signal's reason if it was stopped
 * @throws KeelError for what is wrong before the turn starts
 */
export async function runExec(asked: ExecOptions, io: ExecIo): Promise<number> {
  checkBeforeRun(asked);
  const options = await withLocalModel(asked, io);
  if (options === null || io.stop.aborted) return stopCode(io);
  const { config, lastMessageFile } = options;
  await using threads = new Threads({
    source: 'exec',
    originator: options.originator,
    canAsk: false,
    ownsProcess: true,
  });
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
    using live = liveLine(options, io);
    const shown = live === null ? io : behind(live, io);
    const printer = makePrinter(options, session, shown);
    const notDone = new NotDoneWatch(session.configuration.cwd, session.configuration.sandboxPolicy);
    const show = (event: RunEvent) => {
      live?.note(event);
      if (event.type === 'item.completed') notDone.note(event.item);
      printer.print(event);
    };
    const end = await followRun({ session, options, show, stop: io.stop });
    live?.[Symbol.dispose]();
    return await report(end, { printer, notDone, file, io: shown });
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

/** The live line of a run for people; null where there is none. */
function liveLine({ program }: ExecOptions, { drawLive: draw, onExit }: ExecIo): LiveLine | null {
  if (draw === null || program !== null) return null;
  const live = new LiveLine({ draw, now: () => monotonicMs() });
  onExit(() => live.hide());
  return live;
}

/** The same output, for which the live line makes room. */
function behind(live: LiveLine, io: ExecIo): ExecIo {
  const hidden = (write: (text: string) => void) => (text: string) => {
    live.hide();
    write(text);
  };
  return { ...io, writeOut: hidden(io.writeOut), writeErr: hidden(io.writeErr) };
}

interface ReportDeps {
  readonly printer: ExecPrinter;
  readonly notDone: NotDoneWatch;
  readonly file: LastMessageFile | null;
  readonly io: ExecIo;
}

/** Prints the result and says by the exit code how the run ended. */
async function report(end: RunEnd, { printer, notDone, file, io }: ReportDeps): Promise<number> {
  if (end.type === 'stopped') {
    printer.endEarly();
    return stopCode(io);
  }
  const { turn, message } = end;
  const isStopped = io.stop.aborted && turn.status !== 'completed';
  const unwritten = isStopped || file === null ? null : file.write(message, io.writeErr);
  await printer.end({
    turn,
    message: isStopped ? null : message,
    notDone: notDone.summary(),
    isUnwritten: unwritten !== null,
  });
  if (unwritten !== null) throw unwritten;
  if (io.stop.aborted) return stopCode(io);
  if (turn.error?.kind === 'budgetExceeded') return BUDGET_EXIT_CODE;
  return turn.status === 'completed' ? 0 : 1;
}

function stopCode({ stop }: ExecIo): number {
  return Number(stop.reason) || 1;
}

function makePrinter(options: ExecOptions, { configuration }: Session, io: ExecIo): ExecPrinter {
  if (options.program !== null) return options.program;
  const { config, version } = options;
  const { sandboxPolicy } = configuration;
  const { messageTerminal, isInteractive } = io;
  const open = isInteractive ? 'keel resume' : 'keel exec resume';
  return new HumanPrinter({
    facts: { version, provider: config.provider.id, sandboxPolicy },
    prompt: options.prompt ?? (options.review ? '(review)' : '(continues the unfinished turn)'),
    hideReasoning: config.hideAgentReasoning,
    color: options.color,
    write: io.writeErr,
    writeMessage: (text) =>
      messageTerminal === null ? io.writeOut(`${text.replace(/\n$/, '')}\n`) : writeMarkdown(text, messageTerminal),
    hasHeading: io.isOneOutput,
    resumeCommand: (threadId) => `${open} ${threadId}${isInteractive ? '' : ' PROMPT'}`,
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
