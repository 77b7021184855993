import type { SessionEvent, SessionEventOf } from '../../foundation/protocol/index.ts';

/** Shows a run as it happens. One for people, one for programs; both read the same events. */
export interface ExecPrinter {
  print(event: SessionEvent): void;
}

/** In words, for people. */
export function droppedMessage({ ids }: SessionEventOf<'submissions.dropped'>): string {
  return ids.length === 1 ? '1 queued submission was dropped' : `${ids.length} queued submissions were dropped`;
}
