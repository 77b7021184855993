import type { SessionEvent } from '../protocol/index.ts';

/** Shows a run as it happens. One for people, one for programs; both read the same events. */
export interface ExecPrinter {
  print(event: SessionEvent): void;
}
