import { resolve } from 'node:path';
import { isBarePatch, patchInCommand } from '../../patch/index.ts';
import { runCommand } from '../../process/index.ts';
import type { ThreadItemOf } from '../../protocol/index.ts';
import type { ToolCall, ToolContext, ToolOutput } from '../types.ts';
import { applyPatchText } from './apply-patch.ts';
import { asJson, isCut, wordOutcome } from './command-output.ts';
import { DeltaStream } from './delta-stream.ts';
import { quoteCommand } from './quote.ts';

/** Time limit of a command that names none, milliseconds. */
export const DEFAULT_TIMEOUT_MS = 10_000;
export const BARE_PATCH =
  'apply_patch verification failed: patch detected without explicit call to apply_patch. Send it with the apply_patch tool, or run ["apply_patch", "<patch>"].';
/** Node's timers hold no more. */
const MAX_TIMEOUT_MS = 2_147_483_647;

export interface ShellRequest {
  readonly argv: readonly string[];
  /** Relative to the turn's working directory, or absolute. */
  readonly workdir: string | undefined;
  readonly timeoutMs: number | undefined;
  readonly escalated: boolean;
  readonly justification: string | null;
}

/** Runs one program to its end for a call: the way of `shell`, `shell_command` and `local_shell`. */
export async function runShell(
  call: ToolCall,
  request: ShellRequest,
  context: ToolContext,
  signal: AbortSignal,
): Promise<ToolOutput> {
  const { argv, escalated, justification } = request;
  if (argv.length === 0 || argv[0] === '') return { body: 'command args are empty', success: false };
  const cwd = resolve(context.turn.cwd, request.workdir ?? '');
  const patch = patchInCommand(argv);
  if (isBarePatch(argv)) return { body: BARE_PATCH, success: false };
  if (patch) return applyPatchText(call.callId, patch.text, resolve(cwd, patch.workdir ?? ''), context, signal);
  const timeoutMs = Math.min(request.timeoutMs ?? DEFAULT_TIMEOUT_MS, MAX_TIMEOUT_MS);
  const started = commandItem(call.callId, quoteCommand(argv), cwd);
  context.events.itemStarted(started);
  const deltas = new DeltaStream(context.events, call.callId);
  const spillPath = context.spillPath(call.callId);
  const result = await context.orchestrator.runCommand(
    {
      callId: call.callId,
      spec: { argv, cwd, env: context.env },
      escalated,
      justification,
      commandActions: [],
      run: (plan) =>
        runCommand(plan.spawn, {
          processes: context.processes,
          timeoutMs,
          signal,
          onText: (text) => deltas.push(text),
          spill: spillPath === null ? null : { path: spillPath, maxBytes: context.spillMaxBytes },
          keepSpill: isCut,
        }),
    },
    context,
    signal,
  );
  deltas.flush();
  if (result.type === 'refused') {
    context.events.itemCompleted({ ...started, status: 'declined', aggregatedOutput: result.message, exitCode: null });
    return { body: result.message, success: false };
  }
  const outcome = result.value;
  const worded = wordOutcome(outcome, timeoutMs, context.turn.noteMark);
  const shown = outcome.end.type === 'spawnFailed' ? worded.text : outcome.output;
  context.events.itemCompleted({
    ...started,
    status: worded.exitCode === 0 ? 'completed' : 'failed',
    aggregatedOutput: shown,
    exitCode: worded.exitCode,
    durationMs: Math.round(outcome.durationMs),
  });
  if (outcome.end.type === 'spawnFailed') return { body: worded.text, success: false };
  return { body: asJson(worded), success: worded.exitCode === 0 };
}

/** A command as it begins. */
export function commandItem(callId: string, command: string, cwd: string): ThreadItemOf<'commandExecution'> {
  return {
    type: 'commandExecution',
    id: callId,
    command,
    cwd,
    processId: null,
    source: 'agent',
    status: 'inProgress',
    commandActions: [],
    aggregatedOutput: null,
    exitCode: null,
    durationMs: null,
  };
}
