import { isContextMessage, isRollbackNote, undoNote } from '../../../context/index.ts';
import type { GhostSnapshotItem, ResponseItem } from '../../../foundation/protocol/index.ts';
import { programSearch } from '../../../storage/config/index.ts';
import { findRepository, NO_REPOSITORY, type RestoreResult, restoreSnapshot } from '../../../system/git/index.ts';
import type { SessionServices } from '../services.ts';
import type { SessionDeps } from '../session-deps.ts';
import type { ActiveTurn } from '../turn/active-turn.ts';

const MAX_NAMED_PATHS = 10;

/** The outcome of an undo, in a sentence for the user. */
export interface UndoResult {
  readonly message: string;
  /** The snapshot that the files are back at, and what the model is to know of it; null: nothing was undone, or not all. */
  readonly restored: { readonly snapshot: string; readonly note: ResponseItem } | null;
}

/** Restores the files to where they were before the newest turn that can have changed some and was not undone yet. */
export async function undoTurn(
  { services, state }: SessionDeps,
  { context }: ActiveTurn,
  signal: AbortSignal,
): Promise<UndoResult> {
  const { items } = state.history;
  const snapshot = items.findLast((item): item is GhostSnapshotItem => item.type === 'ghost_snapshot');
  if (!snapshot)
    return { restored: null, message: `There is nothing to undo: ${whyNoSnapshot(services, context.cwd)}.` };
  const { ghost_commit: commit } = snapshot;
  const result = await restoreSnapshot(commit, { ...placeOf(services, context.cwd), signal });
  if (result.type === 'refused') return { restored: null, message: `Nothing was undone: ${result.reason}.` };
  if (result.type === 'incomplete') {
    const done = result.changes.length;
    return {
      restored: null,
      message: `Only a part was undone (${done} ${done === 1 ? 'file' : 'files'}): ${result.reason}.`,
    };
  }
  const note = undoNote({ message: messageOf(items, snapshot), files: filesOf(result) });
  return {
    restored: { snapshot: commit.id, note },
    message: [`The files are back at the snapshot ${commit.id.slice(0, 7)}.`, ...exceptions(result)].join(' '),
  };
}

function whyNoSnapshot({ config }: SessionServices, cwd: string): string {
  if (!config.undo) return 'snapshots are switched off (`features.ghost_commit`)';
  if (findRepository(cwd) === null) return NO_REPOSITORY;
  return 'no snapshot of this thread is left';
}

/** A sentence for each kind of file that is not as it was. */
function exceptions({ failed, kept, leftOut, hasHeadMoved }: Extract<RestoreResult, { type: 'restored' }>): string[] {
  const reasons = failed.map(({ path, reason }) => `${path} (${reason})`);
  return [
    ...(failed.length === 0 ? [] : [`Not restored: ${listed(reasons)}.`]),
    ...(kept.length === 0 ? [] : [`New files that were kept, since they may be older than the turn: ${listed(kept)}.`]),
    ...(leftOut.length === 0 ? [] : [`Left as they are, since no snapshot has them: ${listed(leftOut)}.`]),
    ...(hasHeadMoved ? ['Commits made since then stay.'] : []),
  ];
}

function listed(paths: readonly string[]): string {
  const more = paths.length - MAX_NAMED_PATHS;
  return `${paths.slice(0, MAX_NAMED_PATHS).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function placeOf(services: SessionServices, cwd: string) {
  const { config, now } = services;
  return { cwd, home: config.home, ...programSearch(config), now };
}

/** The user's message at the start of the turn of a snapshot; null if that turn was taken back. */
function messageOf(items: readonly ResponseItem[], snapshot: ResponseItem): string | null {
  const at = items.indexOf(snapshot);
  // Snapshots of turns that were taken back are directly before the note of that.
  const next = items.slice(at).find((item) => item.type !== 'ghost_snapshot');
  if (next && isRollbackNote(next)) return null;
  const isOfUser = (item: ResponseItem) => item.type === 'message' && item.role === 'user' && !isContextMessage(item);
  const message = items.slice(0, at).findLast(isOfUser) ?? items.slice(at).find(isOfUser);
  if (message?.type !== 'message') return '';
  return message.content.map((part) => ('text' in part ? part.text : '')).join(' ');
}

function filesOf({ changes }: Extract<RestoreResult, { type: 'restored' }>): string[] {
  const letters = { added: 'A', modified: 'M', deleted: 'D' } as const;
  return changes.map(({ path, change }) => `${letters[change]} ${path}`);
}
