import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { ApprovalDecision } from 'keel/protocol';
import { EngineAdmin } from '../client/admin.ts';
import type { FleetClient, TurnState } from '../client/fleet-client.ts';
import { promptOp } from '../protocol.ts';
import { watch } from '../watch/index.ts';
import { CommandError, isAlive } from './fleet-folder.ts';
import { clientOf, frontOf, type Target } from './target.ts';
import { placeOf, type Work } from './work.ts';

export interface PromptRequest {
  /** Null: a new thread. */
  readonly threadId: string | null;
  readonly prompt: string;
  readonly work: Work;
  readonly home: string;
  readonly overrides: readonly string[];
}

/** Submits a prompt and waits for what becomes of it. @throws FleetError, CommandError, PlaceError */
export async function runPrompt(
  target: Target,
  { threadId, prompt, work, home, overrides }: PromptRequest,
  signal: AbortSignal,
): Promise<{ readonly threadId: string; readonly end: TurnState }> {
  const id = threadId ?? randomUUID();
  const client = clientOf(target);
  const settings = { overrides: [...overrides] };
  const setup = threadId === null ? { ...(await placeOf(target, { threadId: id, work, home }, signal)), settings } : {};
  const { turnId } = await client.submit(id, { op: promptOp(prompt), ...setup });
  return { threadId: id, end: await client.settled(id, turnId, signal) };
}

/** Answers a question, or the only one that waits. @throws CommandError, FleetError */
export async function answer(
  client: FleetClient,
  threadId: string,
  given: { readonly questionId: string | null; readonly decision: ApprovalDecision },
): Promise<void> {
  const questions = (await client.state(threadId))?.current?.questions ?? [];
  const [only, ...others] = questions;
  const questionId = given.questionId ?? (others.length === 0 ? only?.questionId : undefined);
  if (questionId === undefined) {
    const listed = questions.map((question) => `\n  ${question.questionId}  ${question.about}`).join('');
    throw new CommandError(
      questions.length === 0 ? 'no question of this thread waits' : `several questions wait, name one:${listed}`,
    );
  }
  await client.answer(threadId, questionId, given.decision);
}

/** What `yes`, `no` and `session` mean. @throws CommandError */
export function decisionOf(word: string, message: string | undefined): ApprovalDecision {
  if (word === 'yes') return { type: 'approved' };
  if (word === 'session') return { type: 'approvedForSession' };
  if (word === 'no') return message === undefined ? { type: 'denied' } : { type: 'denied', message };
  throw new CommandError(`an answer is yes, no or session, not "${word}"`);
}

/** Prints what happens in a thread until the signal aborts. @throws WatchRefused */
export async function printThread(
  target: Target,
  threadId: string,
  print: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  for await (const watched of watch({ ...frontOf(target), threadId, after: null }, signal)) {
    if (watched.type === 'live' && watched.event.type !== 'item.delta') print(JSON.stringify(watched.event));
  }
}

/** Asks a worker to give its turns to the others, and waits until it has. @throws CommandError */
export async function drain(target: Target, name: string, signal: AbortSignal): Promise<void> {
  if (target.type === 'installed')
    throw new CommandError(`whatever runs ${name} drains it: a worker that gets SIGTERM (kubectl delete pod) does`);
  const { workers } = target.running;
  const pid = workers[name];
  if (pid === undefined) throw new CommandError(`there is no ${name}: ${Object.keys(workers).join(', ')}`);
  process.kill(pid, 'SIGTERM');
  while (isAlive(pid)) await delay(100, undefined, { signal });
}

/** Continues turns that the engine has paused. @returns how many */
export async function continueStuck(adminUrl: string): Promise<number> {
  const admin = new EngineAdmin(adminUrl);
  const rows = await admin.query("select id from sys_invocation where status = 'paused'");
  for (const { id } of rows) await admin.resume(String(id));
  return rows.length;
}
