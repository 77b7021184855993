import { commandRoots } from '../config/index.ts';
import { isContextMessage, isRollbackNote, undoNote } from '../context/index.ts';
import { type RestoreResult, restoreSnapshot, takeSnapshot } from '../git/index.ts';
import type { GhostSnapshotItem, ResponseItem } from '../protocol/index.ts';
import type { UndoResult } from '../tasks/index.ts';
import type { ActiveTurn } from './active-turn.ts';
import type { SessionServices } from './session-services.ts';
import type { SessionState } from './session-state.ts';
import type { ThreadRecord } from './thread-record.ts';

export interface UndoParts {
  readonly services: SessionServices;
  readonly state: SessionState;
  readonly record: ThreadRecord;
  readonly active: ActiveTurn;
}

/** Keeps the files as they are when a turn begins. Tells why it can't be undone, if it can't; never stops a turn. */
export async function snapshotForUndo({ services, record, active }: UndoParts): Promise<void> {
  const { context, handle, abort } = active;
  const result = await takeSnapshot({ ...placeOf(services, context.cwd), signal: abort.signal });
  if (handle.isRevoked) return;
  if (result.type === 'taken')
    record.addItems([{ type: 'ghost_snapshot', ghost_commit: result.snapshot }], context.turnId);
  else if (result.cause === 'failed') {
    handle.emit({ type: 'warning', turnId: context.turnId, message: `This turn can't be undone: ${result.reason}` });
  }
}

/** Brings the files back to where they were before the newest turn that was not undone yet. */
export async function undoTurn(
  { services, state, record, active }: UndoParts,
  signal: AbortSignal,
): Promise<UndoResult> {
  const { context } = active;
  const items = state.items;
  const snapshot = items.findLast((item): item is GhostSnapshotItem => item.type === 'ghost_snapshot');
  if (!snapshot) return { isDone: false, message: 'There is nothing to undo: no snapshot of this thread is left.' };
  const { ghost_commit: commit } = snapshot;
  const result = await restoreSnapshot(commit, { ...placeOf(services, context.cwd), signal });
  if (result.type === 'refused') return { isDone: false, message: `Nothing was undone: ${result.reason}.` };
  if (result.type === 'incomplete') return { isDone: false, message: `Only a part was undone: ${result.reason}.` };
  record.addLine({ type: 'event_msg', payload: { type: 'undo_completed', success: true, snapshot: commit.id } });
  state.replaceHistory(items.filter((item) => item !== snapshot));
  record.addItems([undoNote({ message: messageOf(items, snapshot), files: filesOf(result) })], context.turnId);
  return { isDone: true, message: `The files are back at the snapshot ${commit.id.slice(0, 7)}.` };
}

function placeOf(services: SessionServices, cwd: string) {
  const { home, env } = services.config;
  return { cwd, home, env, roots: commandRoots(services.config), now: services.now };
}

/** What the user said at the beginning of the turn that a snapshot belongs to; null if that turn was taken back. */
function messageOf(items: readonly ResponseItem[], snapshot: ResponseItem): string | null {
  const at = items.indexOf(snapshot);
  // The snapshots of turns that were taken back stand directly before the record of that.
  const next = items.slice(at).find((item) => item.type !== 'ghost_snapshot');
  if (next && isRollbackNote(next)) return null;
  const isSaid = (item: ResponseItem) => item.type === 'message' && item.role === 'user' && !isContextMessage(item);
  const said = items.slice(0, at).findLast(isSaid) ?? items.slice(at).find(isSaid);
  if (said?.type !== 'message') return '';
  return said.content.map((part) => ('text' in part ? part.text : '')).join(' ');
}

function filesOf({ changes }: Extract<RestoreResult, { type: 'restored' }>): string[] {
  const letters = { added: 'A', modified: 'M', deleted: 'D' } as const;
  return changes.map(({ path, change }) => `${letters[change]} ${path}`);
}
