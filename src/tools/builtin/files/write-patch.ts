import { relative, resolve } from 'node:path';
import type { PlaceJudge } from '../../../foundation/files/index.ts';
import {
  type CallFacts,
  type FileUpdate,
  finishedResult,
  type ThreadItemOf,
} from '../../../foundation/protocol/index.ts';
import { monotonicMs } from '../../../foundation/util/index.ts';
import { failedOutput, type ToolContext, type ToolOutput } from '../../contract/index.ts';
import {
  applyPatch,
  attemptedUpdates,
  describeFaultToModel,
  fallible,
  fileUpdates,
  hintToModel,
  namedUpdates,
  type ParsedPatch,
  type PatchFault,
  parsePatch,
  successText,
  touchedLines,
  type VerifiedPatch,
  verifyPatch,
} from '../../patch/index.ts';
import { applyByClient, unsavedTexts } from './current-text.ts';
import { failedChange } from './failed-change.ts';
import { hiddenFault, judgeFor } from './read-judge.ts';
import { syntaxNotes } from './syntax/syntax-check.ts';

/** Applies a patch for a call, also one that came inside a shell command. `cwd`: absolute, the base of its paths. */
export async function applyPatchText(
  callId: string,
  text: string,
  cwd: string,
  context: ToolContext,
  signal: AbortSignal,
): Promise<ToolOutput> {
  const startedAt = monotonicMs();
  const parsed = await fallible(() => parsePatch(text));
  const judge = judgeFor(context);
  // Even the message that lines are not found, or which are the closest, would reveal part of a hidden file.
  const hidden = parsed.ok ? hiddenPath(parsed.value, cwd, judge) : null;
  const fail = (reason: string, hinted = reason) => {
    const changes = parsed.ok ? attemptedUpdates(parsed.value, cwd) : namedUpdates(text, cwd);
    return failedChange({ callId, changes, reason, answer: `apply_patch verification failed: ${hinted}` }, context);
  };
  if (hidden !== null) return fail(hidden);
  const verified = parsed.ok
    ? await fallible(async () =>
        verifyPatch(parsed.value, cwd, judge, await unsavedTexts(parsed.value, { cwd, judge }, context, signal)),
      )
    : parsed;
  if (verified.ok) return runVerified(callId, verified.value, context, signal, startedAt);
  const reason = describeFaultToModel(verified.fault);
  return fail(reason, withHint(reason, verified.fault, context.turn.noteMark));
}

/** Why a patch names a hidden file; null if it does not. */
function hiddenPath(patch: ParsedPatch, cwd: string, judge: PlaceJudge): string | null {
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

/** Asks for approval where it is needed, writes the patch, and reports it to people. `startedAt` in `monotonicMs()` time. */
export async function runVerified(
  callId: string,
  verified: VerifiedPatch,
  context: ToolContext,
  signal: AbortSignal,
  startedAt: number,
): Promise<ToolOutput> {
  const changes = await fileUpdates(verified);
  const item: ThreadItemOf<'fileChange'> = { type: 'fileChange', id: callId, changes, status: 'inProgress' };
  if (signal.aborted) return failedOutput('aborted', 'notRun');
  // Who is asked for approval sees the change by its item.
  context.events.itemStarted(item);
  const result = await context.orchestrator.runPatch(
    {
      callId,
      changes,
      paths: verified.paths,
      apply: async (mayWrite) => {
        context.diff.beforeChange(verified.paths);
        const { documents } = context;
        return fallible(() =>
          documents === null
            ? applyPatch(verified, mayWrite)
            : applyByClient(verified, { documents, mayWrite, signal }),
        );
      },
    },
    context,
    signal,
  );
  if (result.type === 'refused') {
    if (!signal.aborted) context.events.itemCompleted({ ...item, status: 'declined', reason: result.message });
    return failedOutput(result.message, 'notRun');
  }
  const applied = result.value;
  const { cwd } = verified;
  const finished = (output: string, facts: CallFacts): ToolOutput => {
    const durationSeconds = Math.round((monotonicMs() - startedAt) / 100) / 10;
    const body = finishedResult({ output, exitCode: applied.ok ? 0 : 1, durationSeconds });
    return { body, success: applied.ok, facts };
  };
  if (!applied.ok) {
    context.events.itemCompleted({ ...item, status: 'failed', reason: applied.fault.message });
    return finished(describeFailure(applied.fault, context), { outcome: 'failed' });
  }
  for (const { movedFrom, path } of applied.value.changes) {
    if (movedFrom !== null) context.diff.moved(movedFrom, path);
  }
  // Files that changed since they were shown were verified again: what was written may differ.
  const written = applied.value === verified ? changes : await fileUpdates(applied.value);
  context.events.itemCompleted({ ...item, changes: written, status: 'completed' });
  const faults = context.checksSyntax ? await syntaxNotes(applied.value, (path) => relative(cwd, path) || path) : [];
  const summary = summaryOf(applied.value, written);
  const text = describeSuccess(applied.value, [...summary.keys()], faults, context);
  return finished(text, { outcome: 'done', changed: [...summary.values()] });
}

/** Limit for the notes on one patch. */
const MAX_NOTES = 8;

function describeSuccess(
  { notes }: VerifiedPatch,
  summary: readonly string[],
  faults: readonly string[],
  { turn }: ToolContext,
): string {
  const shown = notes.slice(0, MAX_NOTES);
  if (notes.length > shown.length) shown.push(`${notes.length - shown.length} more notes of this kind are left out.`);
  const what = summary.length === 0 ? 'No file was changed.\n' : successText(summary);
  return what + [...shown, ...faults].map((note) => `${turn.noteMark} ${oneLine(note)}\n`).join('');
}

/** The summary without files that are as they were, and with the lines that were touched behind each path: `M a.ts:9-14`. */
function summaryOf(
  { summary, cwd, paths }: VerifiedPatch,
  written: readonly FileUpdate[],
): ReadonlyMap<string, string> {
  const touched = new Map(written.map((update) => [placeOf(update), touchedIn(update)]));
  const lines = summary.flatMap((line): [string, string][] => {
    const name = line.slice(2);
    const path = resolve(cwd, name);
    const where = touched.get(path);
    if (line.startsWith('D')) return [[line, name]];
    if (where === undefined) return paths.includes(path) ? [] : [[line, name]];
    return [[where === '' || line.startsWith('A') ? line : `${line}:${where}`, name]];
  });
  return new Map(lines);
}

function placeOf({ path, kind }: FileUpdate): string {
  return kind.type === 'update' ? (kind.movePath ?? path) : path;
}

function touchedIn({ kind, diff }: FileUpdate): string {
  return kind.type === 'update' ? touchedLines(diff) : '';
}

/** Names of files may have any characters. */
function oneLine(text: string): string {
  return text.replaceAll(/\p{Cc}+/gu, ' ');
}

/** A mismatch now means that another process has written the file since the patch was verified. */
function describeFailure(fault: PatchFault, { turn }: ToolContext): string {
  const text = withHint(fault.message, fault, turn.noteMark);
  if (fault.type !== 'mismatch') return text;
  return `${text}\n${turn.noteMark} The file has changed since the patch was made. Read it again, then patch.`;
}

function withHint(text: string, fault: PatchFault, mark: string): string {
  const hint = hintToModel(fault);
  return hint === null ? text : `${text}\n${mark} ${hint}`;
}
