import type { ToolCallContent, ToolCallLocation, ToolKind } from '@agentclientprotocol/sdk';
import { applyPatch, parsePatch, reversePatch, type StructuredPatch, type StructuredPatchHunk } from 'diff';
import { readRegularFile } from '../../../foundation/files/index.ts';
import type { FileUpdate } from '../../../foundation/protocol/index.ts';
import { decodeText } from '../../../foundation/util/index.ts';

/** A bigger file is shown by the changed places alone. */
const MAX_WHOLE_BYTES = 1024 * 1024;

export function changeKind(changes: readonly FileUpdate[]): ToolKind {
  const kinds = new Set(changes.map(({ kind, diff }) => (isMove(kind) && diff === '' ? 'move' : kind.type)));
  if (kinds.size !== 1) return 'edit';
  return kinds.has('delete') ? 'delete' : kinds.has('move') ? 'move' : 'edit';
}

export function changeTitle(changes: readonly FileUpdate[]): string {
  const verbs = { add: 'Add', delete: 'Delete', update: 'Edit' } as const;
  const title = ({ kind, path, diff }: FileUpdate) => {
    const to = target(kind);
    if (to === null) return `${verbs[kind.type]} ${path}`;
    return `${diff === '' ? 'Move' : 'Edit'} ${path} -> ${to}`;
  };
  return changes.map(title).join(', ');
}

export function changeLocations(changes: readonly FileUpdate[]): ToolCallLocation[] {
  return changes.map(({ path, kind, diff }) => {
    const [hunk] = kind.type === 'update' ? hunksOf(diff) : [];
    return { path: target(kind) ?? path, ...(hunk === undefined ? {} : { line: hunk.newStart }) };
  });
}

/**
 * The texts of each file before and after. Where the file is on the disk as it was before or after the change, and is not too
 * big, they are whole; otherwise there is one pair for each changed place.
 */
export function changeContents(changes: readonly FileUpdate[], isLive: boolean): ToolCallContent[] {
  return changes.flatMap((change): ToolCallContent[] => {
    const { path, kind, diff } = change;
    if (kind.type === 'add') return [{ type: 'diff', path, oldText: null, newText: diff }];
    if (kind.type === 'delete') return [{ type: 'diff', path, oldText: diff, newText: '' }];
    const [patch] = patchesOf(diff);
    const shown = target(kind) ?? path;
    if (patch === undefined) return [{ type: 'diff', path: shown, oldText: '', newText: '' }];
    const whole = isLive ? wholeTexts(patch, [path, shown]) : null;
    const pairs = whole === null ? patch.hunks.map(hunkTexts) : [whole];
    return pairs.map(({ before, after }) => ({ type: 'diff', path: shown, oldText: before, newText: after }));
  });
}

interface Texts {
  readonly before: string;
  readonly after: string;
}

/** Null: no file at these places is as it was before or after the change. */
function wholeTexts(patch: StructuredPatch, paths: readonly string[]): Texts | null {
  for (const path of new Set(paths)) {
    const text = textOf(path);
    if (text === null) continue;
    const after = applyPatch(text, patch, { autoConvertLineEndings: false });
    if (after !== false) return { before: text, after };
    const before = applyPatch(text, reversePatch(patch), { autoConvertLineEndings: false });
    if (before !== false) return { before, after: text };
  }
  return null;
}

function textOf(path: string): string | null {
  try {
    return decodeText(readRegularFile(path, { maxBytes: MAX_WHOLE_BYTES }));
  } catch {
    // Gone, too big, or not a file: the changed places are shown.
    return null;
  }
}

function hunkTexts({ lines }: StructuredPatchHunk): Texts {
  const side = (marks: string) =>
    lines
      .filter((line) => marks.includes(line.charAt(0)))
      .map((line) => `${line.slice(1)}\n`)
      .join('');
  return { before: side(' -'), after: side(' +') };
}

function hunksOf(diff: string): readonly StructuredPatchHunk[] {
  return patchesOf(diff)[0]?.hunks ?? [];
}

/** Empty for a record that another version wrote in another form. */
function patchesOf(diff: string): readonly StructuredPatch[] {
  try {
    return parsePatch(diff);
  } catch {
    return [];
  }
}

function isMove(kind: FileUpdate['kind']): boolean {
  return target(kind) !== null;
}

function target(kind: FileUpdate['kind']): string | null {
  return kind.type === 'update' ? kind.movePath : null;
}
