import { isAbsolute, relative } from 'node:path';
import type { FileUpdate, ItemStatus, ThreadItemOf } from '../../../foundation/protocol/index.ts';
import { diffRows, type Role, type Row, row, span } from '../../text/index.ts';
import { oneLine, prefixed, textRows } from './lines.ts';
import { ASKED, type CallState, type Shape } from './shape.ts';

/** Rows of a change that are shown in the transcript; the pager has all of them. */
const SHOWN_ROWS = 60;

/** A patch as a diff: shown as done only when it is. */
export function changeRows(
  { changes, status, reason }: ThreadItemOf<'fileChange'>,
  state: CallState,
  shape: Shape,
): Row[] {
  const sorted = [...changes].sort((a, b) => (a.path < b.path ? -1 : 1));
  const totals = sorted.map(countLines);
  const [only] = sorted;
  const role = roleOf(status, state);
  const isOne = sorted.length === 1 && only !== undefined;
  const what = isOne ? pathOf(only, shape.cwd) : sorted.length === 0 ? 'a patch' : `${sorted.length} files`;
  const verb = verbFor(isOne ? only.kind.type : 'update', status, state);
  const added = totals.reduce((sum, one) => sum + one.added, 0);
  const deleted = totals.reduce((sum, one) => sum + one.deleted, 0);
  const head: Row = [span('• ', { role }), span(verb, { bold: true }), span(` ${what} `), ...counts(added, deleted)];
  const body = sorted.flatMap((change, index) => fileRows(change, totals[index], isOne, shape));
  return [head, ...failure(status, reason, shape.width), ...cut(body, shape.isFull)];
}

type Place = Pick<Shape, 'width' | 'cwd'>;

/** The files of a change with their diffs, without a heading. */
export function diffOf(changes: readonly FileUpdate[], shape: Place): Row[] {
  return changes.flatMap((change) => fileRows(change, countLines(change), false, shape));
}

function fileRows(change: FileUpdate, total: Count | undefined, isOne: boolean, { width, cwd }: Place): Row[] {
  const head: Row = [
    span('  └ ', { role: 'muted' }),
    span(`${pathOf(change, cwd)} `),
    ...counts(total?.added ?? 0, total?.deleted ?? 0),
  ];
  const { kind, diff, path } = change;
  const form = kind.type === 'add' ? 'added' : kind.type === 'delete' ? 'deleted' : 'unified';
  const rows = prefixed(diffRows(diff, { width: width - 4, form, path }), span('    '), span('    '));
  return isOne ? rows : [head, ...rows];
}

interface Count {
  readonly added: number;
  readonly deleted: number;
}

function countLines({ kind, diff }: FileUpdate): Count {
  const lines = diff === '' ? [] : diff.replace(/\n$/, '').split('\n');
  if (kind.type === 'add') return { added: lines.length, deleted: 0 };
  if (kind.type === 'delete') return { added: 0, deleted: lines.length };
  const isChange = (line: string, sign: string) => line.startsWith(sign) && !line.startsWith(sign.repeat(3));
  return {
    added: lines.filter((line) => isChange(line, '+')).length,
    deleted: lines.filter((line) => isChange(line, '-')).length,
  };
}

function counts(added: number, deleted: number): Row {
  return [
    span('(', { role: 'muted' }),
    span(`+${added}`, { role: 'success' }),
    span(' '),
    span(`-${deleted}`, { role: 'danger' }),
    span(')', { role: 'muted' }),
  ];
}

function pathOf({ path, kind }: FileUpdate, cwd: string): string {
  const moved = kind.type === 'update' ? kind.movePath : null;
  return moved === null ? shownPath(path, cwd) : `${shownPath(path, cwd)} → ${shownPath(moved, cwd)}`;
}

export function shownPath(path: string, cwd: string): string {
  const near = isAbsolute(path) ? relative(cwd, path) : path;
  return oneLine(near === '' || near.startsWith('../..') ? path : near);
}

function verbFor(kind: FileUpdate['kind']['type'], status: ItemStatus, state: CallState): string {
  if (state === 'asked') return ASKED;
  const isDone = state === 'done';
  if (isDone && status !== 'completed' && status !== 'inProgress') return 'Not changed:';
  const [doing, done] = { add: ['Adding', 'Added'], delete: ['Deleting', 'Deleted'], update: ['Editing', 'Edited'] }[
    kind
  ];
  return (isDone ? done : doing) ?? '';
}

function roleOf(status: ItemStatus, state: CallState): Role {
  if (state === 'asked') return 'warning';
  if (state === 'running') return 'accent';
  return status === 'completed' ? 'success' : 'danger';
}

function failure(status: ItemStatus, reason: string | undefined, width: number): Row[] {
  if (status === 'interrupted') return [row('  ✗ interrupted', { role: 'danger' })];
  if (status !== 'declined' && status !== 'failed') return [];
  const what = status === 'declined' ? 'you did not allow it' : 'it could not be applied; nothing was changed';
  const text = reason === undefined ? what : `${status === 'declined' ? 'not allowed' : 'failed'}: ${oneLine(reason)}`;
  return prefixed(textRows(text, width - 4, { role: 'danger' }), span('  ✗ ', { role: 'danger' }), span('    '));
}

function cut(rows: readonly Row[], isFull: boolean): Row[] {
  if (isFull || rows.length <= SHOWN_ROWS) return [...rows];
  const left = rows.length - SHOWN_ROWS;
  return [
    ...rows.slice(0, SHOWN_ROWS),
    ...textRows(`    … ${left} more rows: Ctrl-T shows them`, 80, { role: 'muted' }),
  ];
}
