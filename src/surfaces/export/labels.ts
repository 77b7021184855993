import type { ApprovalDecision, FileUpdate, ThreadItemOf } from '../../foundation/protocol/index.ts';
import { milliseconds } from './times.ts';

/** How a command or a tool ended, in a few words. */
export function endLabel(item: ThreadItemOf<'commandExecution'>): string {
  const parts = [
    item.status === 'declined' ? 'declined, not run' : null,
    item.status === 'inProgress' ? 'still running' : null,
    exitLabel(item),
    item.durationMs === null ? null : milliseconds(item.durationMs),
    item.source === 'userShell' ? 'by the user' : null,
  ];
  return parts.filter((part) => part !== null).join(' · ');
}

/** What the model did with subagents: a name for it, their task, and their states afterwards. */
export function agentTexts(
  { tool, prompt, agentsStates }: ThreadItemOf<'collabAgentToolCall'>,
  output: string | null,
): { readonly name: string; readonly task: string; readonly answer: string } {
  const names = {
    spawnAgent: 'Subagent started',
    sendInput: 'Message to subagent',
    wait: 'Waited for subagents',
    closeAgent: 'Subagent closed',
  };
  const states = Object.entries(agentsStates).map(([threadId, { status, message, name: shown = threadId }]) =>
    message === null ? `${shown}: ${status}` : `${shown}: ${status}\n${message}`,
  );
  return { name: names[tool], task: prompt ?? '', answer: states.join('\n\n') || (output ?? '') };
}

/** The user's answer to a question about a call. */
export function decisionLabel(decision: ApprovalDecision): string {
  switch (decision.type) {
    case 'approved':
      return 'The user allowed it.';
    case 'approvedForSession':
      return 'The user allowed it for the session.';
    case 'approvedAndRemembered':
      return 'The user allowed it permanently.';
    case 'denied':
      return decision.message ? `The user denied it: ${decision.message}` : 'The user denied it.';
    case 'abort':
      return 'The user stopped the turn.';
  }
}

/** What never ran, or was stopped, has no exit code of its own: keel records -1. */
function exitLabel({ exitCode, status, reason }: ThreadItemOf<'commandExecution'>): string | null {
  if (reason !== undefined) return reason;
  if (exitCode === null || status === 'declined') return null;
  return exitCode === -1 ? 'stopped' : `exit ${exitCode}`;
}

export function changeLabel({ path, kind }: FileUpdate): string {
  if (kind.type === 'update') return kind.movePath === null ? path : `${path} → ${kind.movePath}`;
  return path;
}

export function changeVerb({ kind }: FileUpdate): string {
  return { add: 'Added', delete: 'Deleted', update: 'Changed' }[kind.type];
}

/** The lines of a change, each with its sign: a new or deleted file is recorded as its text. */
export function diffLines({ kind, diff }: FileUpdate): string[] {
  const lines = diff.replace(/\n$/, '').split('\n');
  if (kind.type === 'update') return lines;
  if (/^@@ /m.test(diff)) return lines;
  const sign = kind.type === 'add' ? '+' : '-';
  return lines.map((line) => `${sign}${line}`);
}
