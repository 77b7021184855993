import { join } from 'node:path';
import {
  type AgentState,
  type AgentStatusRecord,
  KeelError,
  NO_USAGE,
  type TokenUsage,
  TokenUsageInfo,
} from '../../../foundation/protocol/index.ts';
import { cutBytesEnd, randomUUID } from '../../../foundation/util/index.ts';
import { acquireLease, readRollout, threadLog } from '../../../storage/rollout/index.ts';
import { findRollout, hasThread } from '../../../storage/threads/index.ts';
import { Processes } from '../../../system/process/index.ts';
import type { AgentView } from '../../../tools/index.ts';

/** Most characters of a task that people and notes see. */
export const MAX_TASK_CHARS = 200;
/** Most UTF-8 bytes of a subagent's last message in its parent's rollout, which a `wait` can return. Its own rollout has it all. */
const MAX_MESSAGE_BYTES = 8_192;

/** A subagent as it is recorded. */
export interface AgentEntry extends AgentView {
  /** The name of its role. */
  readonly role: string;
  readonly task: string;
}

/** A subagent that has no session (any more). */
export interface EndedAgent extends AgentEntry {
  /** Whether keel itself ended while it worked. */
  readonly isLost: boolean;
}

/** The state of a subagent as a line of the rollout. */
export function agentLine({ id, role, threadId, task, state }: AgentEntry, isKnownToModel: boolean) {
  const payload: AgentStatusRecord = {
    type: 'agent_status',
    agent_id: id,
    agent_type: role,
    thread_id: threadId,
    task: task.slice(0, MAX_TASK_CHARS).toWellFormed(),
    status: state.status,
    message: state.message === null ? null : cutBytesEnd(state.message.toWellFormed(), MAX_MESSAGE_BYTES),
    told: isKnownToModel,
  };
  return { type: 'event_msg', payload } as const;
}

/** A subagent as an earlier process left it. */
export function endedAgent({ agent_id, agent_type, thread_id, task, status, message }: AgentStatusRecord): EndedAgent {
  const isLost = status === 'running';
  const lost = `keel ended while it was at work: how far it came is not known. Its record is thread ${thread_id}.`;
  const state: AgentState = isLost ? { status: 'interrupted', message: lost } : { status, message };
  return { id: agent_id, role: agent_type, threadId: thread_id, model: null, task, state, isLost };
}

/**
 * The record of a subagent that is to continue: what it has used by now, replayed responses included.
 * @throws KeelError `threadNotFound` if it isn't a thread that this one started, `rolloutCorrupt`
 */
export function recordOfChild(
  home: string,
  { thread_id: id }: Pick<AgentStatusRecord, 'thread_id'>,
  parent: string,
): TokenUsage {
  const rollout = hasThread(home, id) ? readRollout(findRollout(home, { type: 'id', id })) : null;
  if (rollout?.meta.parent_thread_id !== parent) {
    throw new KeelError('threadNotFound', `there is no thread ${id} that this one has started`);
  }
  const used = rollout.lines.findLast((line) => line.type === 'event_msg' && line.payload.type === 'token_count');
  const info = used?.type === 'event_msg' && 'info' in used.payload ? used.payload.info : null;
  return TokenUsageInfo.safeParse(info).data?.total_token_usage ?? NO_USAGE;
}

/**
 * Ends the commands that a subagent left running when keel was killed, and those of subagents below it. A thread that another
 * process has resumed meanwhile is left alone.
 */
export function endLeftRunning(home: string, threadId: string): void {
  const path = findRollout(home, { type: 'id', id: threadId });
  using _ = acquireLease(path);
  const journalPath = join(home, 'threads', threadId, 'groups.jsonl');
  new Processes(`${threadId}.${randomUUID()}`, { journalPath }).close();
  for (const { status, thread_id: below } of threadLog(readRollout(path)).agents) {
    if (status === 'running') endLeftRunning(home, below);
  }
}
