import { resolve } from 'node:path';
import { finishedResult } from '../../../foundation/protocol/index.ts';
import { quoteCommand } from '../../../foundation/util/index.ts';
import { type CommandOutcome, runCommand, type StartFault, startFault } from '../../../system/process/index.ts';
import { type Denial, type EndedCommand, isNetworkDenial } from '../../../system/sandbox/index.ts';
import {
  booleanSchema,
  described,
  escalation,
  failedOutput,
  keepRunning,
  limitText,
  numberSchema,
  type ToolCall,
  type ToolContext,
  type ToolOutput,
  textSchema,
} from '../../contract/index.ts';
import type { Orchestrated } from '../../orchestrator/index.ts';
import { isBarePatch, patchInCommand } from '../../patch/index.ts';
import { applyPatchText } from '../files/write-patch.ts';
import { type CommandLimits, withoutLogin } from './command-arguments.ts';
import { CommandItem } from './command-item.ts';
import { TIMEOUT_EXIT_CODE, type Wording, wordOutcome } from './command-outcome.ts';
import { refusalNotes, withRefusedHosts } from './sandbox-notes.ts';

/** Default time limit of a command, milliseconds. */
const DEFAULT_TIMEOUT_MS = 10_000;
const BARE_PATCH =
  'apply_patch verification failed: patch detected without explicit call to apply_patch. Send it with the apply_patch tool, or run ["apply_patch", "<patch>"].';
/** Upper bound of Node's timers. */
const MAX_TIMEOUT_MS = 2_147_483_647;

/** End of the descriptions of the tools that run a command to completion. */
export const completionText = `Gives exit code and output. Nothing can be typed in, and it is killed at \`timeout_ms\`: allow more for builds and tests. ${limitText}`;

/** Parameters that these tools share. */
export const completionParameters = {
  workdir: textSchema,
  timeout_ms: described(numberSchema, `Time limit; ${DEFAULT_TIMEOUT_MS} if absent.`),
  background: described(booleanSchema, 'Keep it running, as a session for `write_stdin`. It ends with the run.'),
  ...keepRunning,
  ...escalation,
};

type ProgramRequest = CommandLimits & { readonly argv: readonly string[] };

/** Runs one program to completion for a call of `shell`, `shell_command` or `local_shell`. */
export async function runShell(
  call: ToolCall,
  request: ProgramRequest,
  context: ToolContext,
  signal: AbortSignal,
): Promise<ToolOutput> {
  const { argv } = request;
  if (argv.length === 0 || argv[0] === '') return { body: 'command args are empty', success: false };
  const cwd = resolve(context.turn.cwd, request.workdir ?? '');
  const patched = await runAsPatch({ call, argv, cwd }, context, signal);
  return patched ?? (await runProgram(call, request, context, signal)).output;
}

export interface RanProgram {
  /** The answer to the call. */
  readonly output: ToolOutput;
  /** Null: it did not run. */
  readonly outcome: CommandOutcome | null;
}

/** Runs a program to completion, under the policy and the sandbox of the turn. */
export async function runProgram(
  call: ToolCall,
  request: ProgramRequest,
  context: ToolContext,
  signal: AbortSignal,
): Promise<RanProgram> {
  const { argv } = request;
  const cwd = resolve(context.turn.cwd, request.workdir ?? '');
  const timeoutMs = Math.min(request.timeoutMs ?? DEFAULT_TIMEOUT_MS, MAX_TIMEOUT_MS);
  await context.judge.ready(argv);
  const commandActions = context.judge.summarise(argv);
  const item = new CommandItem({ callId: call.callId, command: quoteCommand(argv), cwd, commandActions }, context);
  const fault = startFault({ argv, cwd, env: context.env });
  if (fault !== null) return { output: unstarted(fault, item), outcome: null };
  const result: Orchestrated<CommandOutcome> = await context.orchestrator.runCommand(
    {
      callId: call.callId,
      spec: { argv: withoutLogin(argv), cwd, env: context.env },
      escalated: request.escalated,
      justification: request.justification,
      commandActions,
      run: (plan, ended) => {
        item.runsIn(plan.backend);
        return runCommand(plan.spawn, {
          processes: context.processes,
          timeoutMs,
          uncounted: () => context.waitedForUserMs(),
          signal,
          onText: item.onText,
          spill: spillFor(call, context),
        }).finally(ended);
      },
      endOf,
    },
    context,
    signal,
  );
  if (result.type === 'refused') {
    item.completeUnrun('declined', result.message);
    return { output: failedOutput(result.message, 'notRun'), outcome: null };
  }
  const notes = refusalNotes(result.value.output, refusedTo(result), context);
  const output = report(result.value, { timeoutMs, mark: context.turn.noteMark, notes }, item);
  return {
    output: withRefusedHosts(output, result.refusedHosts ?? [], context.turn.noteMark),
    outcome: result.value,
  };
}

/** Answers for a program that can't be started, without asking for approval. */
function unstarted({ exitCode, message }: StartFault, item: CommandItem): ToolOutput {
  item.completeUnrun('failed', message, exitCode);
  return { body: finishedResult({ output: message, exitCode, durationSeconds: 0 }), success: false };
}

function endOf({ end, output }: CommandOutcome): EndedCommand | null {
  return end.type === 'exited' ? { exitCode: end.exitCode, output } : null;
}

/** What the sandbox refused to a command. One that was killed at its limit may have been waiting for the network. */
function refusedTo({ value, denialAt }: Extract<Orchestrated<CommandOutcome>, { type: 'done' }>): Denial | null {
  const end = endOf(value);
  if (end !== null) return denialAt?.(end) ?? null;
  if (value.end.type !== 'timedOut') return null;
  const denial = denialAt?.({ exitCode: TIMEOUT_EXIT_CODE, output: value.output }) ?? null;
  return isNetworkDenial(denial) ? denial : null;
}

function report(outcome: CommandOutcome, wording: Wording, item: CommandItem): ToolOutput {
  const worded = wordOutcome(outcome, wording);
  if (outcome.end.type === 'spawnFailed') {
    item.completeUnrun('failed', worded.output);
    return { body: worded.output, success: false };
  }
  const { exitCode } = worded;
  const success = exitCode === 0;
  item.complete({
    status: success ? 'completed' : outcome.end.type === 'aborted' ? 'interrupted' : 'failed',
    aggregatedOutput: outcome.output,
    exitCode,
    durationMs: outcome.durationMs,
    ...cutShort(outcome, wording),
  });
  return { body: finishedResult(worded), success };
}

/** Why a program did not run to completion, for people. */
function cutShort({ end }: CommandOutcome, { timeoutMs }: Wording): { readonly reason?: string } {
  if (end.type === 'timedOut') return { reason: `timed out after ${timeoutMs / 1_000} s` };
  return end.type === 'signalled' ? { reason: `ended by ${end.signal}` } : {};
}

export interface PossiblePatch {
  readonly call: ToolCall;
  readonly argv: readonly string[];
  readonly cwd: string;
}

/** Applies a command line that is nothing but a patch without a shell; null for any other. */
export async function runAsPatch(
  { call, argv, cwd }: PossiblePatch,
  context: ToolContext,
  signal: AbortSignal,
): Promise<ToolOutput | null> {
  if (isBarePatch(argv)) return { body: BARE_PATCH, success: false };
  const patch = patchInCommand(argv);
  if (!patch) return null;
  return applyPatchText(call.callId, patch.text, resolve(cwd, patch.workdir ?? ''), context, signal);
}

/** The file for the whole output of a call; null: not kept. */
export function spillFor(call: ToolCall, context: ToolContext): { path: string; maxBytes: number } | null {
  const path = context.spillPath(call.callId);
  return path === null ? null : { path, maxBytes: context.spillMaxBytes };
}
