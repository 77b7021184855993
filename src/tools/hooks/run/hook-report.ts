import type { HookReport, HookStatus } from '../../../foundation/protocol/index.ts';
import { uuidV7 } from '../../../foundation/util/index.ts';
import type { HookEnd } from '../answers/answer.ts';
import type { Hook } from '../hook.ts';

/** A run of a hook as surfaces show it. */
export function hookReport({ event, statusMessage, isAsync, file, project, plugin }: Hook): HookReport {
  return {
    id: uuidV7(Date.now()),
    event,
    statusMessage,
    isAsync,
    file,
    source: plugin !== null ? 'plugin' : project !== null ? 'project' : 'user',
    startedAtMs: Date.now(),
  };
}

export function hookStatus(end: HookEnd): HookStatus {
  if (end.type !== 'answer') return end.type;
  if (end.answer.stop !== null) return 'stopped';
  return end.answer.decision === 'deny' ? 'blocked' : 'completed';
}
