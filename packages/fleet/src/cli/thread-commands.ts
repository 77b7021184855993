import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { ApprovalDecision } from 'keel/protocol';
import { EngineAdmin } from '../client/admin.ts';
import { FleetClient, type TurnState } from '../client/fleet-client.ts';
import { type Place, promptOp } from '../protocol.ts';
import { watch } from '../watch/index.ts';
import { CommandError, isAlive, type Running } from './fleet-folder.ts';
import { LOCAL_USER } from './up.ts';

export function localClient({ ingress }: Running): FleetClient {
  return new FleetClient({ url: ingress, user: LOCAL_USER });
}

/** Submits a prompt and waits for what becomes of it. @throws FleetError */
export async function runPrompt(
  client: FleetClient,
  {
    threadId,
    prompt,
    place,
    overrides,
  }: {
    readonly threadId: string | null;
    readonly prompt: string;
    readonly place: Place;
    readonly overrides: readonly string[];
  },
  signal: AbortSignal,
): Promise<{ readonly threadId: string; readonly end: TurnState }> {
  const id = threadId ?? randomUUID();
  const op = promptOp(prompt);
  const settings = { overrides: [...overrides] };
  const { turnId } = await client.submit(id, { op, ...(threadId === null ? { place, settings } : {}) });
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
  { front, token }: Running,
  threadId: string,
  print: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  for await (const watched of watch({ url: front, token, threadId, after: null }, signal)) {
    if (watched.type === 'live' && watched.event.type !== 'item.delta') print(JSON.stringify(watched.event));
  }
}

/** Asks a worker to give its turns to the others, and waits until it has. @throws CommandError */
export async function drain({ workers }: Running, name: string, signal: AbortSignal): Promise<void> {
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
