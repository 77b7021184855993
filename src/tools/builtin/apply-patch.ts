import { resolve } from 'node:path';
import * as z from 'zod/mini';
import type { PlaceJudge } from '../../foundation/files/index.ts';
import { commandResultJson, type ThreadItemOf } from '../../foundation/protocol/index.ts';
import { readJson } from '../../foundation/util/index.ts';
import { argumentNames, type ParsedArguments, parseArguments } from '../arguments.ts';
import {
  applyPatch,
  describeFaultToModel,
  type Fallible,
  fallible,
  fileUpdates,
  hintToModel,
  type ParsedPatch,
  type PatchFault,
  parsePatch,
  successText,
  type VerifiedPatch,
  verifyPatch,
} from '../patch/index.ts';
import type { ToolOutput, ToolPayload } from '../tool-call.ts';
import type { ToolContext, ToolHandler } from '../types.ts';
import { hiddenFault, judgeFor } from './hidden.ts';

const patchArguments = z.object({ input: z.string() });
const aliases = { input: ['patch'] };

/** `apply_patch`, as a freeform tool or as a function. */
export const applyPatchHandler: ToolHandler = {
  payloads: ['function', 'custom'],
  fields: argumentNames(patchArguments, aliases),
  parallel: false,
  repeat: 'asks',
  async run(call, context, signal) {
    const parsed = patchIn(call.payload);
    if (parsed.type === 'failed') return { body: parsed.message, success: false };
    return applyPatchText(call.callId, parsed.value.input, context.turn.cwd, context, signal);
  },
};

/** The patch of a call: a bare text in the place of JSON arguments, and the other way round, are understood. */
function patchIn(payload: ToolPayload): ParsedArguments<z.infer<typeof patchArguments>> {
  const text = payload.type === 'function' ? payload.arguments : payload.type === 'custom' ? payload.input : '';
  const isJson = /^\s*["{]/.test(text);
  if (!isJson && (payload.type === 'custom' || text.includes('*** Begin Patch'))) return patchOf(text);
  const quoted = jsonString(text);
  if (quoted !== null) return patchIn({ type: 'function', arguments: quoted });
  return parseArguments(text, patchArguments, { aliases });
}

function patchOf(input: string): ParsedArguments<z.infer<typeof patchArguments>> {
  return { type: 'parsed', value: { input } };
}

function jsonString(text: string): string | null {
  try {
    const value = readJson(text);
    return typeof value === 'string' ? value : null;
  } catch {
    // Not JSON; the error is reported where the arguments are read.
    return null;
  }
}

/** Applies a patch for a call, also one that came inside a shell command. `cwd` absolute: its paths start there. */
export async function applyPatchText(
  callId: string,
  text: string,
  cwd: string,
  context: ToolContext,
  signal: AbortSignal,
): Promise<ToolOutput> {
  const startedAt = performance.now();
  const parsed = await fallible(() => parsePatch(text));
  const judge = judgeFor(context);
  // Even that lines are not found, or which are the closest, would tell of a file.
  const closed = parsed.ok ? closedPath(parsed.value, cwd, judge) : null;
  if (closed !== null) return { body: `apply_patch verification failed: ${closed}`, success: false };
  const verified = parsed.ok ? await fallible(() => verifyPatch(parsed.value, cwd, judge)) : parsed;
  if (!verified.ok) {
    const reason = withHint(describeFaultToModel(verified.fault), verified.fault, context.turn.noteMark);
    return { body: `apply_patch verification failed: ${reason}`, success: false };
  }
  return runVerified(callId, verified.value, context, signal, startedAt);
}

/** Why a patch reaches for what can't be read; null if it does not. */
function closedPath(patch: ParsedPatch, cwd: string, judge: PlaceJudge): string | null {
  for (const path of pathsNamedIn(patch)) {
    const fault = hiddenFault(resolve(cwd, path), judge);
    if (fault !== null) return `${path} can't be read: ${fault}`;
  }
  return null;
}

function pathsNamedIn({ sections }: ParsedPatch): string[] {
  return sections.flatMap((section) =>
    section.type === 'update' && section.moveTo !== null ? [section.path, section.moveTo] : [section.path],
  );
}

/** Asks for what has to be asked, writes the patch, and tells people of it. `startedAt` in `performance.now()` time. */
export async function runVerified(
  callId: string,
  verified: VerifiedPatch,
  context: ToolContext,
  signal: AbortSignal,
  startedAt: number,
): Promise<ToolOutput> {
  const changes = await fileUpdates(verified);
  const item: ThreadItemOf<'fileChange'> = { type: 'fileChange', id: callId, changes, status: 'inProgress' };
  if (signal.aborted) return { body: 'aborted', success: false };
  const result = await context.orchestrator.runPatch(
    {
      callId,
      changes,
      paths: verified.paths,
      apply: async (mayWrite) => {
        context.events.itemStarted(item);
        context.diff.beforeChange(verified.paths);
        return fallible(() => applyPatch(verified, mayWrite));
      },
    },
    context,
    signal,
  );
  if (result.type === 'refused') {
    if (result.message.startsWith('patch rejected by user')) {
      context.events.itemStarted(item);
      context.events.itemCompleted({ ...item, status: 'declined' });
    }
    return { body: result.message, success: false };
  }
  return tellResult(item, result.value, context, startedAt);
}

function tellResult(
  item: ThreadItemOf<'fileChange'>,
  applied: Fallible<VerifiedPatch>,
  context: ToolContext,
  startedAt: number,
): ToolOutput {
  if (applied.ok) {
    for (const { movedFrom, path } of applied.value.changes) {
      if (movedFrom !== null) context.diff.moved(movedFrom, path);
    }
  }
  context.events.itemCompleted({ ...item, status: applied.ok ? 'completed' : 'failed' });
  const output = applied.ok ? describeSuccess(applied.value, context) : describeFailure(applied.fault, context);
  const durationSeconds = Math.round((performance.now() - startedAt) / 100) / 10;
  return { body: commandResultJson({ output, exitCode: applied.ok ? 0 : 1, durationSeconds }), success: applied.ok };
}

/** Notes that a model is given of one patch. */
const MAX_NOTES = 8;

function describeSuccess({ summary, notes }: VerifiedPatch, { turn }: ToolContext): string {
  const shown = notes.slice(0, MAX_NOTES);
  if (notes.length > shown.length) shown.push(`${notes.length - shown.length} more notes of this kind are left out.`);
  return successText(summary) + shown.map((note) => `${turn.noteMark} ${oneLine(note)}\n`).join('');
}

/** A name may hold anything. */
function oneLine(text: string): string {
  return text.replaceAll(/\p{Cc}+/gu, ' ');
}

/** Lines that were there when the patch was verified and are not now: somebody else has written the file. */
function describeFailure(fault: PatchFault, { turn }: ToolContext): string {
  const text = withHint(fault.message, fault, turn.noteMark);
  if (fault.type !== 'mismatch') return text;
  return `${text}\n${turn.noteMark} The file has changed since the patch was made. Read it again, then patch.`;
}

function withHint(text: string, fault: PatchFault, mark: string): string {
  const hint = hintToModel(fault);
  return hint === null ? text : `${text}\n${mark} ${hint}`;
}
