import type { SessionEvent } from '../../foundation/protocol/index.ts';
import type { SessionServices } from './services.ts';
import type { SessionState } from './state.ts';
import type { ThreadRecord } from './thread/thread-record.ts';

/** What every part of a session works with. */
export interface SessionDeps {
  readonly services: SessionServices;
  readonly state: SessionState;
  readonly record: ThreadRecord;
  readonly emit: (event: SessionEvent) => void;
}
