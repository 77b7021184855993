import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { quoteCommand } from '../../../foundation/util/index.ts';
import { ExecSession, type SessionStart, startFault, WARN_SESSIONS } from '../../../system/process/index.ts';
import type { EndedCommand } from '../../../system/sandbox/index.ts';
import { failedOutput, type ToolCall, type ToolContext, type ToolOutput } from '../../contract/index.ts';
import type { Orchestrated } from '../../orchestrator/index.ts';
import { type CommandLimits, withoutLogin } from './command-arguments.ts';
import { CommandItem } from './command-item.ts';
import { runAsPatch, spillFor } from './run-to-completion.ts';
import { refusalNotes, withRefusedHosts } from './sandbox-notes.ts';
import { waitFor, wordNews } from './session-output.ts';

export interface SessionRequest extends CommandLimits {
  readonly argv: readonly string[];
  /** The command as the model wrote it. */
  readonly label: string;
  readonly tty: boolean;
  /** It is to outlive keel. */
  readonly outlives: boolean;
  /** How long the call waits for the end, milliseconds. */
  readonly waitMs: number;
}

/** How long a call looks at what it leaves running: a fault at the start is seen then, milliseconds. */
const BACKGROUND_WAIT_MS = 1_500;

/** Starts a program that continues in the background, for a tool that otherwise runs programs to completion. */
export function runInBackground(
  call: ToolCall,
  request: Pick<SessionRequest, 'argv' | 'outlives'> & CommandLimits,
  context: ToolContext,
  signal: AbortSignal,
): Promise<ToolOutput> {
  const { argv } = request;
  if (argv.length === 0 || argv[0] === '') return Promise.resolve(failedOutput('command args are empty'));
  const session = { ...request, label: quoteCommand(argv), tty: false, waitMs: BACKGROUND_WAIT_MS };
  return runSession(call, session, context, signal);
}

/** Starts a program for a call, and reports how far it came in its wait: it has ended, or it continues as a session. */
export async function runSession(
  call: ToolCall,
  request: SessionRequest,
  context: ToolContext,
  signal: AbortSignal,
): Promise<ToolOutput> {
  const { argv, label, tty, outlives, waitMs, escalated, justification } = request;
  if (outlives) {
    const fault = outlivingFault(call, request, context);
    if (fault !== null) return failedOutput(`${call.name} failed: ${fault}`);
  }
  const cwd = resolve(context.turn.cwd, request.workdir ?? '');
  const patched = await runAsPatch({ call, argv, cwd }, context, signal);
  if (patched) return patched;
  await context.judge.ready(argv);
  const commandActions = context.judge.summarise(argv);
  const item = new CommandItem({ callId: call.callId, command: quoteCommand(argv), cwd, commandActions }, context);
  const fault = startFault({ argv, cwd, env: context.env });
  if (fault !== null) return unrun(item, 'failed', `${call.name} failed: ${fault.message}`, fault.exitCode);
  const env = sessionEnvironment(context.env);
  const spillPath = outlives ? outputFile(call, context) : null;
  const result: Orchestrated<SessionStart> = await context.orchestrator.runCommand(
    {
      callId: call.callId,
      spec: { argv: outlives ? intoFile(withoutLogin(argv), spillPath) : withoutLogin(argv), cwd, env },
      escalated,
      justification,
      commandActions,
      run: async (plan, ended) => {
        item.runsIn(plan.backend);
        const start = await ExecSession.start({
          spec: outlives ? { ...plan.spawn, outlives } : plan.spawn,
          processes: context.processes,
          tty,
          spill: spillFor(call, context),
          onText: item.onText,
        });
        if (start.type === 'started') void start.session.exited.then(ended);
        else ended();
        if (start.type === 'started') await waitFor(start.session, { ms: waitMs }, signal);
        return start;
      },
      endOf,
    },
    context,
    signal,
  );
  if (result.type === 'refused') return unrun(item, 'declined', result.message);
  if (result.value.type === 'spawnFailed') {
    return unrun(item, 'failed', `${call.name} failed: ${result.value.message}`);
  }
  const noteAtEnd = (end: EndedCommand) => refusalNotes(end.output, result.denialAt?.(end) ?? null, context);
  const output = await report(
    { session: result.value.session, label, cwd, item, noteAtEnd, spillPath },
    context,
    signal,
  );
  return withRefusedHosts(output, result.refusedHosts ?? [], context.turn.noteMark);
}

function endOf(start: SessionStart): EndedCommand | null {
  if (start.type === 'spawnFailed' || start.session.exitCode === null) return null;
  return { exitCode: start.session.exitCode, output: start.session.transcript() };
}

function unrun(item: CommandItem, status: 'declined' | 'failed', message: string, exitCode?: number): ToolOutput {
  item.completeUnrun(status, message, exitCode);
  return failedOutput(message, status === 'declined' ? 'notRun' : undefined);
}

interface Started {
  readonly session: ExecSession;
  readonly label: string;
  readonly cwd: string;
  readonly item: CommandItem;
  readonly noteAtEnd: (end: EndedCommand) => readonly string[];
  /** Where the output of a program goes that is to outlive keel; null: it is not. */
  readonly spillPath: string | null;
}

/** Reports a session for the first time: it has ended, it is ended now, or it continues under an id. */
async function report(started: Started, context: ToolContext, signal: AbortSignal): Promise<ToolOutput> {
  const { session, label, cwd, item, noteAtEnd, spillPath } = started;
  const { sessions, turn } = context;
  const aborted = signal.aborted && session.exitCode === null;
  if (aborted) await session.end();
  const id =
    aborted || session.exitCode !== null
      ? null
      : sessions.keep(session, { command: label, cwd, noteAtEnd, outlives: spillPath !== null });
  item.complete({
    processId: id === null ? null : String(id),
    status: aborted ? 'interrupted' : id !== null || session.exitCode === 0 ? 'completed' : 'failed',
    aggregatedOutput: session.transcript(),
    exitCode: session.exitCode,
    durationMs: session.durationMs,
  });
  const isFull = sessions.size >= WARN_SESSIONS;
  const notes = isFull ? [`${turn.noteMark} ${sessions.size} sessions are kept. End those you no longer need.`] : [];
  const end = aborted ? null : endOf({ type: 'started', session });
  const endNotes = end === null ? [] : noteAtEnd(end);
  if (spillPath !== null)
    notes.push(
      `${turn.noteMark} Its output is in ${spillPath}.${id === null ? '' : ' It keeps running after this run.'}`,
    );
  return wordNews({ session, id, news: session.takeNews(), notes: [...notes, ...endNotes], aborted }, context);
}

/** Why a program can't outlive keel; null: it can. */
function outlivingFault(
  { callId }: ToolCall,
  { tty }: SessionRequest,
  { turn, spillPath }: ToolContext,
): string | null {
  if (turn.sandboxPolicy.mode !== 'danger-full-access') return 'keep_running works without a sandbox only';
  if (tty) return 'a terminal ends with keel: leave out tty with keep_running';
  return spillPath(callId) === null ? 'this thread keeps no files, so there is no place for the output' : null;
}

/** A file for the output of a program that is to outlive keel, whose pipes would not. */
function outputFile(call: ToolCall, context: ToolContext): string {
  const path = context.spillPath(call.callId) ?? '/dev/null';
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeFileSync(path, '', { mode: 0o600 });
  return path;
}

function intoFile(argv: readonly string[], path: string | null): readonly string[] {
  return ['/bin/sh', '-c', 'exec "$@" >> "$0" 2>&1', path ?? '/dev/null', ...argv];
}

/** The environment asks programs for output without colours and pagers. */
function sessionEnvironment(env: ToolContext['env']): Record<string, string> {
  const words = { LANG: 'C.UTF-8', LC_CTYPE: 'C.UTF-8', LC_ALL: 'C.UTF-8' };
  return { ...env, ...words, NO_COLOR: '1', TERM: 'dumb', PAGER: 'cat', GIT_PAGER: 'cat' };
}
