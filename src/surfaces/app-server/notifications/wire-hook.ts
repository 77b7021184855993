import type { SessionEventOf } from '../../../foundation/protocol/index.ts';

/** The protocol's names. It has none for `Notification`, whose hooks only observe. */
const NAMES: Readonly<Record<string, string>> = {
  SessionStart: 'sessionStart',
  UserPromptSubmit: 'userPromptSubmit',
  PreToolUse: 'preToolUse',
  PermissionRequest: 'permissionRequest',
  PostToolUse: 'postToolUse',
  Stop: 'stop',
  SubagentStop: 'subagentStop',
  PreCompact: 'preCompact',
  PostCompact: 'postCompact',
  Interrupt: 'interrupt',
  SessionEnd: 'sessionEnd',
};

/** A hook that starts or has ended. */
export function ofHook(
  threadId: string,
  event: SessionEventOf<'hook.started' | 'hook.completed'>,
): readonly { readonly method: string; readonly params: object }[] {
  const { turnId, hook } = event;
  const eventName = NAMES[hook.event];
  if (eventName === undefined) return [];
  const end =
    event.type === 'hook.started'
      ? { status: 'running', completedAt: null, durationMs: null }
      : {
          status: wireStatus(event.status),
          completedAt: hook.startedAtMs + event.durationMs,
          durationMs: event.durationMs,
        };
  const run = {
    id: hook.id,
    eventName,
    handlerType: 'command',
    executionMode: hook.isAsync ? 'async' : 'sync',
    scope: turnId === null ? 'thread' : 'turn',
    source: hook.source,
    sourcePath: hook.file,
    displayOrder: 0,
    startedAt: hook.startedAtMs,
    statusMessage: hook.statusMessage,
    entries: [],
    ...end,
  };
  return [
    { method: event.type === 'hook.started' ? 'hook/started' : 'hook/completed', params: { threadId, turnId, run } },
  ];
}

/** The protocol has no word for a hook that was cut off with its turn. */
function wireStatus(status: SessionEventOf<'hook.completed'>['status']): string {
  return status === 'interrupted' ? 'stopped' : status;
}
