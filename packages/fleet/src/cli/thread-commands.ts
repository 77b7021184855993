import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { ApprovalDecision } from 'keel/protocol';
import { EngineAdmin } from '../client/admin.ts';
import type { FleetClient, TurnState } from '../client/fleet-client.ts';
import { promptOp, type Question } from '../protocol.ts';
import { watch } from '../watch/index.ts';
import { CommandError, isAlive } from './fleet-folder.ts';
import { inOneLine } from './table.ts';
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

export interface GivenAnswer {
  /** Null: the only one that waits. */
  readonly questionId: string | null;
  /** `yes`, `no` or `session`; or a text for each question of the model. */
  readonly words: readonly string[];
  readonly message: string | undefined;
}

/** Answers a question. @throws CommandError, FleetError */
export async function answer(client: FleetClient, threadId: string, given: GivenAnswer): Promise<void> {
  const questions = (await client.state(threadId))?.current?.questions ?? [];
  const [only, ...others] = questions;
  const questionId = given.questionId ?? (others.length === 0 ? only?.questionId : undefined);
  if (questionId === undefined) {
    const listed = questions.map((question) => `\n  ${question.questionId}  ${question.about}`).join('');
    throw new CommandError(
      questions.length === 0 ? 'no question of this thread waits' : `several questions wait, name one:${listed}`,
    );
  }
  const question = questions.find((one) => one.questionId === questionId);
  await client.answer(threadId, questionId, decisionOf(question?.asked ?? null, given));
}

type Asked = NonNullable<Question['asked']>;

/** What a turn waits with, and how that is answered. */
export function waitingLines(threadId: string, questions: readonly Question[]): readonly string[] {
  const words = questions[0]?.asked?.map(() => 'TEXT').join(' ') ?? 'yes';
  return [
    ...questions.flatMap(({ questionId, about, asked = [], call }) => [
      inOneLine(`waits for an answer: ${about} (${questionId})`),
      ...askedLines(asked),
      ...(call === undefined ? [] : callLines(call)),
    ]),
    `thread ${threadId}: \`keel-fleet answer ${threadId} ${words}\``,
  ];
}

type Call = NonNullable<Question['call']>;

/** What a yes lets happen, and why it is asked about. */
function callLines(call: Call): readonly string[] {
  const reason = call.reason === null ? [] : [`reason: ${call.reason}`];
  return [...effectsOf(call), ...reason].map((line) => `  ${inOneLine(line)}`);
}

/** Commands and arguments are JSON: a line end within them is seen, which could end a comment. */
function effectsOf(call: Call): readonly string[] {
  switch (call.type) {
    case 'command': {
      const place = call.escalated ? ['outside of the sandbox'] : [];
      return [`command: ${JSON.stringify(call.command)}`, `in: ${call.cwd}`, ...place];
    }
    case 'fileChange':
      return call.changes.map(({ path, kind }) => {
        const target = kind.type === 'update' && kind.movePath !== null ? ` -> ${kind.movePath}` : '';
        return `${kind.type}: ${path}${target}`;
      });
    case 'mcpToolCall':
      return [`arguments: ${JSON.stringify(call.arguments)}`];
    case 'elicitationUrl':
      return [`page: ${call.url}`];
    default:
      return [];
  }
}

/** What the model wants to know, a line each with its options. */
function askedLines(asked: Asked): readonly string[] {
  return asked.map(({ question, options }) => {
    const labels = options.map(({ label }) => label).join(' / ');
    return `  ${inOneLine(`${question} ${labels}`)}`;
  });
}

/** @param asked what the model wants to know; null: it is about a call @throws CommandError */
function decisionOf(asked: Asked | null, { words, message }: GivenAnswer): ApprovalDecision {
  const [word = '', ...more] = words;
  // What is said in the place of an answer is one in the user's own words.
  if (asked !== null) return message === undefined ? answersOf(asked, words) : { type: 'denied', message };
  if (more.length > 0) throw new CommandError('an answer is one word: yes, no or session');
  if (word === 'yes') return { type: 'approved' };
  if (word === 'session') return { type: 'approvedForSession' };
  if (word === 'no') return message === undefined ? { type: 'denied' } : { type: 'denied', message };
  throw new CommandError(`an answer is yes, no or session, not "${word}"`);
}

/** An empty text leaves its question without an answer. @throws CommandError */
function answersOf(asked: Asked, words: readonly string[]): ApprovalDecision {
  if (words.length === asked.length) {
    return { type: 'approved', content: Object.fromEntries(asked.map(({ id }, at) => [id, words[at] ?? ''])) };
  }
  const why = `a text for each question is expected, ${asked.length} and not ${words.length}:`;
  throw new CommandError([why, ...askedLines(asked)].join('\n'));
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
