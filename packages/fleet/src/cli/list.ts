import { EngineAdmin } from '../client/admin.ts';
import { THREAD, TURN } from '../service/names.ts';
import type { ThreadView } from '../service/thread-state.ts';
import { table } from './table.ts';
import { adminOf, clientOf, type Target } from './target.ts';

export type ListFilter = 'all' | 'waiting' | 'stuck';

interface ListedThread {
  readonly id: string;
  readonly state: ThreadView;
}

/** The threads of a fleet: all of them for its operator, a user's newest for the user. @throws CommandError, FleetError, Error */
export async function listThreads(target: Target, filter: ListFilter, signal: AbortSignal): Promise<string> {
  if (filter === 'stuck') return stuckTurns(new EngineAdmin(adminOf(target)));
  const isUser = target.type === 'installed' && target.admin === null;
  const threads = isUser ? await clientOf(target).threads(signal) : await allThreads(new EngineAdmin(adminOf(target)));
  if (filter === 'waiting') {
    const waiting = threads.flatMap(({ id, state }) => questionRows(id, state.current));
    return table(['THREAD', 'QUESTION', 'ABOUT'], waiting);
  }
  return table(
    ['THREAD', 'USER', 'STATE', 'TURNS', 'NEWEST'],
    threads.map(({ id, state }) => [id, state.owner, stateOf(state), `${state.count}`, newestOf(state)]),
  );
}

async function allThreads(admin: EngineAdmin): Promise<readonly ListedThread[]> {
  const rows = await admin.query(
    `select service_key, value_utf8 from state where service_name = '${THREAD}' and key = 'thread'`,
  );
  return rows.map((row) => ({ id: String(row['service_key']), state: JSON.parse(String(row['value_utf8'])) }));
}

function questionRows(id: string, current: ThreadView['current']): string[][] {
  if (current?.phase !== 'parked') return [];
  return current.questions.map(({ questionId, about }) => [id, questionId, about]);
}

function stateOf({ current, queue }: ThreadView): string {
  if (current === null) return 'idle';
  const words = { limited: 'waits for a limit', running: 'runs', parked: 'waits for an answer' } as const;
  return queue.length === 0 ? words[current.phase] : `${words[current.phase]}, ${queue.length} behind it`;
}

function newestOf({ current, ended }: ThreadView): string {
  const last = ended.at(-1);
  if (current !== null) return current.questions[0]?.about ?? '';
  return last === undefined ? '' : `${last.status}: ${last.message ?? last.error ?? ''}`;
}

/** Turns that the engine has given up trying, and those that it tries again and again. */
async function stuckTurns(admin: EngineAdmin): Promise<string> {
  const rows = await admin.query(
    `select id, target_service_key, status, retry_count, last_failure from sys_invocation where target_service_name = '${TURN}' and (status = 'paused' or (status = 'backing-off' and retry_count > 5))`,
  );
  return table(
    ['INVOCATION', 'TURN', 'STATE', 'TRIED', 'WHY'],
    rows.map((row) =>
      ['id', 'target_service_key', 'status', 'retry_count', 'last_failure'].map((column) => String(row[column] ?? '')),
    ),
  );
}
