import { resolve } from 'node:path';
import * as z from 'zod/mini';
import { ExecSession, type SessionStart, startFault, WARN_SESSIONS } from '../../system/process/index.ts';
import type { EndedCommand } from '../../system/sandbox/index.ts';
import {
  argumentNames,
  booleanSchema,
  described,
  escalation,
  failedOutput,
  functionSpec,
  limitText,
  numberSchema,
  type ParsedArguments,
  parseArguments,
  type Tool,
  type ToolCall,
  type ToolContext,
  type ToolHandler,
  type ToolOutput,
  textSchema,
} from '../contract/index.ts';
import type { Orchestrated } from '../orchestrator/index.ts';
import {
  commandField,
  isReading,
  limitFields,
  limitsOf,
  milliseconds,
  quoteCommand,
  scriptOf,
  withoutLogin,
} from './commands/command-arguments.ts';
import { CommandItem } from './commands/command-item.ts';
import { runAsPatch, spillFor } from './commands/run-to-completion.ts';
import { refusalNotes, withRefusedHosts } from './commands/sandbox-notes.ts';
import { waitFor, wordNews } from './commands/session-output.ts';

/** Longest wait of one call, milliseconds. */
const MAX_YIELD_MS = 30_000;
export const DEFAULT_YIELD_MS = 10_000;
const MIN_YIELD_MS = 250;

const execArguments = z.object({
  cmd: commandField,
  ...limitFields,
  shell: z.optional(z.string()),
  login: z.optional(z.boolean()),
  yield_time_ms: z.optional(milliseconds),
  tty: z.optional(z.boolean()),
});
const aliases = { cmd: ['command'], workdir: ['cwd'] };
type ExecArguments = z.infer<typeof execArguments>;

const spec = functionSpec({
  name: 'exec_command',
  description: `Run a shell command. Returns when it ends, with exit code and output. If still going after \`yield_time_ms\` it keeps running, and you get its output so far and a session id for \`write_stdin\`: for builds, servers and programs that ask things. ${limitText}`,
  required: ['cmd'],
  properties: {
    cmd: described(textSchema, 'Script for bash.'),
    workdir: textSchema,
    yield_time_ms: described(numberSchema, `Longest wait; ${DEFAULT_YIELD_MS} if absent, at most ${MAX_YIELD_MS}.`),
    tty: described(booleanSchema, 'Give it a terminal.'),
    ...escalation,
  },
});

const handler: ToolHandler = {
  payloads: ['function'],
  fields: argumentNames(execArguments, aliases),
  parallel: false,
  repeat: 'asks',
  onlyReads(call, { judge, shell }) {
    const parsed = parsedCall(call);
    return (
      parsed.type === 'parsed' &&
      isReading([parsed.value.shell ?? shell, '-c', scriptOf(parsed.value.cmd)], parsed.value, judge)
    );
  },
  async run(call, context, signal) {
    const parsed = parsedCall(call);
    if (parsed.type === 'failed') return failedOutput(parsed.message);
    return runScript(call, parsed.value, context, signal);
  },
};

/** `exec_command`: runs a script that may outlive the call; it then continues as a session for `write_stdin`. */
export const execCommandTool: Tool = { name: spec.name, spec, handler };

function parsedCall({ payload }: ToolCall): ParsedArguments<ExecArguments> {
  const text = payload.type === 'function' ? payload.arguments : '';
  return parseArguments(text, execArguments, { aliases, subject: 'exec_command' });
}

async function runScript(
  call: ToolCall,
  args: ExecArguments,
  context: ToolContext,
  signal: AbortSignal,
): Promise<ToolOutput> {
  const cwd = resolve(context.turn.cwd, args.workdir ?? '');
  const script = scriptOf(args.cmd);
  const argv = [args.shell ?? context.shell, args.login ? '-lc' : '-c', script];
  const patched = await runAsPatch({ call, argv, cwd }, context, signal);
  if (patched) return patched;
  await context.judge.ready(argv);
  const commandActions = context.judge.summarise(argv);
  const item = new CommandItem({ callId: call.callId, command: quoteCommand(argv), cwd, commandActions }, context);
  const fault = startFault({ argv, cwd, env: context.env });
  if (fault !== null) return unrun(item, 'failed', `exec_command failed: ${fault.message}`, fault.exitCode);
  const { escalated, justification } = limitsOf(args);
  const result: Orchestrated<SessionStart> = await context.orchestrator.runCommand(
    {
      callId: call.callId,
      spec: { argv: withoutLogin(argv), cwd, env: sessionEnvironment(context.env) },
      escalated,
      justification,
      commandActions,
      run: async (plan, ended) => {
        const start = await ExecSession.start({
          spec: plan.spawn,
          processes: context.processes,
          tty: args.tty ?? false,
          spill: spillFor(call, context),
          onText: item.onText,
        });
        if (start.type === 'started') void start.session.exited.then(ended);
        else ended();
        if (start.type === 'started') await waitFor(start.session, { ms: clampYield(args.yield_time_ms) }, signal);
        return start;
      },
      endOf,
    },
    context,
    signal,
  );
  if (result.type === 'refused') return unrun(item, 'declined', result.message);
  if (result.value.type === 'spawnFailed') {
    return unrun(item, 'failed', `exec_command failed: ${result.value.message}`);
  }
  const noteAtEnd = (end: EndedCommand) => refusalNotes(end.output, result.denialAt?.(end) ?? null, context);
  const output = await report({ session: result.value.session, script, cwd, item, noteAtEnd }, context, signal);
  return withRefusedHosts(output, result.refusedHosts ?? [], context.turn.noteMark);
}

function endOf(start: SessionStart): EndedCommand | null {
  if (start.type === 'spawnFailed' || start.session.exitCode === null) return null;
  return { exitCode: start.session.exitCode, output: start.session.transcript() };
}

function unrun(item: CommandItem, status: 'declined' | 'failed', message: string, exitCode?: number): ToolOutput {
  item.completeUnrun(status, message, exitCode);
  return { body: message, success: false };
}

interface Started {
  readonly session: ExecSession;
  readonly script: string;
  readonly cwd: string;
  readonly item: CommandItem;
  readonly noteAtEnd: (end: EndedCommand) => readonly string[];
}

/** Reports a session for the first time: it has ended, it is ended now, or it continues under an id. */
async function report(started: Started, context: ToolContext, signal: AbortSignal): Promise<ToolOutput> {
  const { session, script, cwd, item, noteAtEnd } = started;
  const { sessions, turn } = context;
  const aborted = signal.aborted && session.exitCode === null;
  if (aborted) await session.end();
  const id = aborted || session.exitCode !== null ? null : sessions.keep(session, { command: script, cwd, noteAtEnd });
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
  return wordNews({ session, id, news: session.takeNews(), notes: [...notes, ...endNotes], aborted }, context);
}

/** The environment asks programs for output without colours and pagers. */
function sessionEnvironment(env: ToolContext['env']): Record<string, string> {
  const words = { LANG: 'C.UTF-8', LC_CTYPE: 'C.UTF-8', LC_ALL: 'C.UTF-8' };
  return { ...env, ...words, NO_COLOR: '1', TERM: 'dumb', PAGER: 'cat', GIT_PAGER: 'cat' };
}

export function clampYield(ms: number = DEFAULT_YIELD_MS): number {
  return Math.min(MAX_YIELD_MS, Math.max(MIN_YIELD_MS, ms));
}
