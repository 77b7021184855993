import type { SessionEvent, SessionEventOf } from '../../foundation/protocol/index.ts';

/** Shows a run as it happens. One implementation for people, one for programs. */
export interface ExecPrinter {
  print(event: SessionEvent): void;
}

/** For people. */
export function droppedMessage({ ids }: SessionEventOf<'submissions.dropped'>): string {
  return ids.length === 1 ? '1 queued submission was dropped' : `${ids.length} queued submissions were dropped`;
}
