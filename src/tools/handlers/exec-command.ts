import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import * as z from 'zod/mini';
import { isBarePatch, patchInCommand } from '../../patch/index.ts';
import { ExecSession, WARN_SESSIONS } from '../../process/index.ts';
import { parseArguments } from '../arguments.ts';
import type { ToolCall, ToolContext, ToolHandler, ToolOutput } from '../types.ts';
import { applyPatchText } from './apply-patch.ts';
import { isCut } from './command-output.ts';
import { DeltaStream } from './delta-stream.ts';
import { quoteCommand } from './quote.ts';
import { BARE_PATCH, commandItem } from './run-shell.ts';
import { settled, waitFor, wordNews } from './session-news.ts';

/** Longest wait of one call, milliseconds. */
export const MAX_YIELD_MS = 30_000;
export const DEFAULT_YIELD_MS = 10_000;
const MIN_YIELD_MS = 250;

const execArguments = z.object({
  cmd: z.string(),
  workdir: z.optional(z.string()),
  shell: z.optional(z.string()),
  login: z.optional(z.boolean()),
  yield_time_ms: z.optional(z.int()),
  tty: z.optional(z.boolean()),
  with_escalated_permissions: z.optional(z.boolean()),
  justification: z.optional(z.string()),
});
type ExecArguments = z.infer<typeof execArguments>;

/** `exec_command`: a script that may outlive the call; it then goes on as a session for `write_stdin`. */
export const execCommandHandler: ToolHandler = {
  payloads: ['function'],
  parallel: false,
  repeat: 'ledger',
  async run(call, context, signal) {
    const text = call.payload.type === 'function' ? call.payload.arguments : '';
    const parsed = parseArguments(text, execArguments, {
      aliases: { cmd: ['command'], workdir: ['cwd'] },
      subject: 'exec_command',
    });
    if (parsed.type === 'failed') return { body: parsed.message, success: false };
    return startSession(call, parsed.value, context, signal);
  },
};

async function startSession(
  call: ToolCall,
  args: ExecArguments,
  context: ToolContext,
  signal: AbortSignal,
): Promise<ToolOutput> {
  const cwd = resolve(context.turn.cwd, args.workdir ?? '');
  const argv = [args.shell ?? context.shell, args.login ? '-lc' : '-c', args.cmd];
  const patch = patchInCommand(argv);
  if (isBarePatch(argv)) return { body: BARE_PATCH, success: false };
  if (patch) return applyPatchText(call.callId, patch.text, resolve(cwd, patch.workdir ?? ''), context, signal);
  const started = commandItem(call.callId, quoteCommand(argv), cwd);
  context.events.itemStarted(started);
  const deltas = new DeltaStream(context.events, call.callId);
  const spillPath = context.spillPath(call.callId);
  const result = await context.orchestrator.runCommand(
    {
      callId: call.callId,
      spec: { argv, cwd, env: sessionEnvironment(context.env) },
      escalated: args.with_escalated_permissions ?? false,
      justification: args.justification ?? null,
      commandActions: [],
      run: (plan) =>
        settled(
          ExecSession.start({
            spec: plan.spawn,
            processes: context.processes,
            tty: args.tty ?? false,
            spill: spillPath === null ? null : { path: spillPath, maxBytes: context.spillMaxBytes },
            keepSpill: isCut,
            onText: (live) => deltas.push(live),
          }),
        ),
    },
    context,
    signal,
  );
  if (result.type === 'refused' || result.value.type === 'failed') {
    const message = result.type === 'refused' ? result.message : `exec_command failed: ${reason(result, args, cwd)}`;
    const status = result.type === 'refused' ? 'declined' : 'failed';
    context.events.itemCompleted({ ...started, status, aggregatedOutput: message, exitCode: -1 });
    return { body: message, success: false };
  }
  const session = result.value.value;
  await waitFor(session, clampYield(args.yield_time_ms ?? DEFAULT_YIELD_MS), signal);
  if (signal.aborted && session.exitCode === null) session.kill();
  // The last words of a program that was just ended come with its end.
  if (signal.aborted) await Promise.race([session.exited, delay(50)]);
  deltas.flush();
  const isRunning = session.exitCode === null && !signal.aborted;
  const id = isRunning ? context.sessions.keep(session, args.cmd) : null;
  context.events.itemCompleted({
    ...started,
    processId: id === null ? null : String(id),
    status: isRunning || session.exitCode === 0 ? 'completed' : 'failed',
    aggregatedOutput: session.transcript(),
    exitCode: session.exitCode,
    durationMs: Math.round(session.durationMs),
  });
  const warning =
    context.sessions.size >= WARN_SESSIONS
      ? [`${context.turn.noteMark} ${context.sessions.size} sessions are kept. End those you no longer need.`]
      : [];
  return wordNews({ session, id, context, notes: warning, aborted: signal.aborted });
}

function reason(result: { readonly value?: unknown }, args: ExecArguments, cwd: string): string {
  const value = result.value;
  const message = typeof value === 'object' && value !== null && 'message' in value ? String(value.message) : 'unknown';
  return /ENOENT/.test(message)
    ? `${args.shell ?? 'the shell'} not found, or the directory ${cwd} does not exist`
    : message;
}

/** Programs are told that nobody watches a terminal: no colours, no pagers. */
function sessionEnvironment(env: ToolContext['env']): Record<string, string> {
  return { ...env, NO_COLOR: '1', TERM: 'dumb', PAGER: 'cat', GIT_PAGER: 'cat', LANG: 'C.UTF-8', LC_ALL: 'C.UTF-8' };
}

export function clampYield(ms: number): number {
  return Math.min(MAX_YIELD_MS, Math.max(MIN_YIELD_MS, ms));
}
