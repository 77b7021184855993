import { basename, join } from 'node:path';

const NAME =
  /^rollout-(\d{4}-\d{2}-\d{2}T\d{2}-\d{2}-\d{2})-([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\.jsonl$/i;

/** `<home>/sessions/YYYY/MM/DD/rollout-YYYY-MM-DDThh-mm-ss-<id>.jsonl`, in local time. */
export function rolloutPath(home: string, threadId: string, nowMs: number): string {
  const now = new Date(nowMs);
  const [year, month, day] = [String(now.getFullYear()), two(now.getMonth() + 1), two(now.getDate())];
  const time = [now.getHours(), now.getMinutes(), now.getSeconds()].map(two).join('-');
  return join(sessionsDir(home), year, month, day, `rollout-${year}-${month}-${day}T${time}-${threadId}.jsonl`);
}

export function sessionsDir(home: string): string {
  return join(home, 'sessions');
}

export function archivedDir(home: string): string {
  return join(home, 'archived_sessions');
}

/** What a rollout's file name says; null for any other file. `startedAt` sorts as text. */
export function parseRolloutName(name: string): { readonly startedAt: string; readonly threadId: string } | null {
  const match = NAME.exec(name);
  const [, startedAt, threadId] = match ?? [];
  return startedAt && threadId ? { startedAt, threadId: threadId.toLowerCase() } : null;
}

/** The thread that a rollout's path names; null for any other path. */
export function threadIdOf(path: string): string | null {
  return parseRolloutName(basename(path))?.threadId ?? null;
}

/** Where a rollout with this name belongs in `sessions`; null for any other name. */
export function placeInSessions(home: string, name: string): string | null {
  const [, year, month, day] = /^(\d{4})-(\d{2})-(\d{2})T/.exec(parseRolloutName(name)?.startedAt ?? '') ?? [];
  return year && month && day ? join(sessionsDir(home), year, month, day, name) : null;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
