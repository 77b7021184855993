import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Op, ThreadItem, Turn } from '../../../../src/foundation/protocol/index.ts';
import {
  functionCall,
  hang,
  httpError,
  message,
  type RecordedRequest,
  respond,
  usage,
} from '../../../../src/testing/index.ts';
import type { TestSession } from '../../../support/session.ts';
import { liveSession } from '../../../support/sessions/live-session.ts';
import { untilDeath } from '../../../support/sessions/until-death.ts';

const thread = liveSession({ overrides: ['features.undo=true', 'model_providers.openai.request_max_retries=0'] });
const used = usage({ input: 90, output: 10 });
const ok = respond(message('ok'), used);
const ID = 'next';
const found = { findings: [], overall_correctness: 'patch is correct', overall_explanation: 'Looks fine.' };
const verdict = respond(message(JSON.stringify({ ...found, overall_confidence_score: 0.9 })), used);
const summary = respond(message('## Goal\nthe goal\n## Next\nthe rest'), used);

const compact: Op = { type: 'compact' };
const undo: Op = { type: 'undo' };
const review: Op = { type: 'review', target: { type: 'custom', instructions: 'Look at the change.' } };

const isSummary = ({ body }: RecordedRequest) => body['tool_choice'] === 'none';
const isReview = ({ body }: RecordedRequest) => JSON.stringify(body).includes('Look at the change.');
const count = (text: string, part: string) => text.split(part).length - 1;
const recordOf = ({ session }: TestSession) => readFileSync(session.rolloutPath ?? '', 'utf8');
const file = () => join(thread.repo.path, 'a.txt');

/** Each request of the user writes its words into a file. */
function answers(request: RecordedRequest) {
  if (isReview(request)) return verdict;
  if (isSummary(request)) return summary;
  const since = request.input.findLastIndex((item) => item['role'] === 'user');
  if (request.input.slice(since).some((item) => item['type'] === 'function_call_output')) return ok;
  const command = ['bash', '-c', `printf ${request.textsOf('user').at(-1)?.split(' ').at(-1)} > a.txt`];
  return respond(functionCall('shell', { command }, `c${request.input.length}`), used);
}

/** Two requests and the task, from whose start on the record is then cut behind each line that can be its last. */
async function done(
  op: Op,
  script: Parameters<typeof thread.open>[0] = answers,
  during: (first: TestSession) => Promise<void> = async () => undefined,
): Promise<Done> {
  writeFileSync(file(), 'zero');
  let now = Date.now();
  const first = await thread.open(script, { options: { now: () => ++now } });
  await first.say('write one');
  await first.say('write two');
  first.session.submit(op, ID);
  await during(first);
  await first.next('turn.completed', ({ turnId }) => turnId === ID);
  await first[Symbol.asyncDispose]();
  const path = first.session.rolloutPath ?? '';
  const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1);
  const start = lines.findIndex((line) => line.includes('"task_started"') && line.includes(`"turn_id":"${ID}"`));
  const end = lines.findLastIndex((line) => /"task_complete"|"turn_aborted"/.test(line));
  expect(start).toBeGreaterThan(0);
  expect(end).toBeGreaterThan(start + 1);
  return { threadId: first.session.threadId, path, lines, places: placesIn(lines, start, end) };
}

/** Lines that are written together have one time: a kill leaves all of them or none. */
function placesIn(lines: readonly string[], start: number, end: number): number[] {
  const time = (at: number) => lines[at]?.slice(0, '{"timestamp":"2000-01-01T00:00:00.000Z"'.length);
  const all = Array.from({ length: end - start }, (_, at) => start + at + 1);
  return all.filter((kept) => time(kept) !== time(kept - 1));
}

interface Done {
  readonly threadId: string;
  readonly path: string;
  readonly lines: readonly string[];
  /** How many lines a kill within the task leaves. */
  readonly places: readonly number[];
}

/** As a worker does that takes over from one that was killed: the task comes again under its id. */
async function again(op: Op, { threadId, path, lines }: Done, kept: number): Promise<TestSession> {
  writeFileSync(path, `${lines.slice(0, kept).join('\n')}\n`);
  return resubmitted(op, threadId);
}

async function resubmitted(op: Op, threadId: string): Promise<TestSession> {
  const next = await thread.reopen({
    options: { origin: { type: 'resume', id: threadId }, unfinishedTurn: 'continue' },
  });
  next.session.submit(op, ID);
  await next.next('turn.completed', ({ turnId }) => turnId === ID);
  return next;
}

/** The task's turn as whoever opens the thread after that sees it. */
async function shownTurn(last: TestSession): Promise<Turn> {
  await last[Symbol.asyncDispose]();
  const options = { origin: { type: 'resume', id: last.session.threadId }, unfinishedTurn: 'continue' } as const;
  await using reader = await thread.reopen({ options });
  const started = await reader.next('thread.started');
  const [turn, ...others] = started.turns.filter(({ id }) => id === ID);
  expect(others).toEqual([]);
  return turn ?? expect.fail('the turn is not shown');
}

const countOf = ({ items }: Turn, type: ThreadItem['type']) => items.filter((item) => item.type === type).length;
const endOf = ({ events }: TestSession) =>
  events.findLast((event) => event.type === 'turn.completed' && event.turnId === ID);

describe('a task that comes again after a kill at any line of its journal', () => {
  test('a review is made once, noted once and shown once', async () => {
    const whole = await done(review);
    for (const kept of whole.places) {
      const before = thread.server.requests.filter(isReview).length;
      const next = await again(review, whole, kept);
      expect(endOf(next)).toMatchObject({ status: 'completed' });
      // The reviewer's own thread is whole, and is not asked again.
      expect(thread.server.requests.filter(isReview).length - before, `after ${kept} lines`).toBe(0);
      expect(count(recordOf(next), '<user_action>'), `after ${kept} lines`).toBe(1);
      const turn = await shownTurn(next);
      expect(turn.status).toBe('completed');
      expect(countOf(turn, 'exitedReviewMode'), `after ${kept} lines`).toBe(1);
    }
  });

  test('a review that failed has failed, and is not tried again once that is noted', async () => {
    const whole = await done(review, (request) =>
      isReview(request) ? httpError(400, { error: { message: 'no such model' } }) : answers(request),
    );
    for (const kept of whole.places) {
      const next = await again(review, whole, kept);
      expect(endOf(next), `after ${kept} lines`).toMatchObject({
        status: 'failed',
        error: { kind: expect.any(String) },
      });
      expect(count(recordOf(next), '<user_action>')).toBe(1);
      await next[Symbol.asyncDispose]();
    }
  });

  test('a compaction replaces the conversation once and is shown once', async () => {
    const whole = await done(compact);
    for (const kept of whole.places) {
      const before = thread.server.requests.filter(isSummary).length;
      const wasDone = whole.lines.slice(0, kept).some((line) => line.includes('"type":"compacted"'));
      const next = await again(compact, whole, kept);
      expect(endOf(next)).toMatchObject({ status: 'completed' });
      expect(thread.server.requests.filter(isSummary).length - before, `after ${kept} lines`).toBe(wasDone ? 0 : 1);
      expect(count(recordOf(next), '"type":"compacted"')).toBe(1);
      expect(countOf(await shownTurn(next), 'contextCompaction'), `after ${kept} lines`).toBe(1);
    }
  });

  test('an undo takes back the last turn alone, whether the files had gone back by then or not', async () => {
    const whole = await done(undo);
    expect(readFileSync(file(), 'utf8')).toBe('one');
    for (const [at, kept] of whole.places.entries()) {
      const wasDone = whole.lines.slice(0, kept).some((line) => line.includes('"undo_completed"'));
      writeFileSync(file(), wasDone || at % 2 === 0 ? 'one' : 'two');
      const next = await again(undo, whole, kept);
      expect(endOf(next)).toMatchObject({ status: 'completed' });
      expect(readFileSync(file(), 'utf8'), `after ${kept} lines`).toBe('one');
      expect(count(recordOf(next), 'The user undid file changes')).toBe(1);
      const turn = await shownTurn(next);
      expect(turn.items.filter((item) => item.type === 'undo' && item.status === 'completed')).toHaveLength(1);
    }
  });

  test('an undo that had nothing to undo says so again', async () => {
    const first = await thread.open([]);
    first.session.submit(undo, ID);
    await first.next('turn.completed');
    await first[Symbol.asyncDispose]();
    const lines = readFileSync(first.session.rolloutPath ?? '', 'utf8')
      .split('\n')
      .slice(0, -2);
    writeFileSync(first.session.rolloutPath ?? '', `${lines.join('\n')}\n`);
    const turn = await shownTurn(await resubmitted(undo, first.session.threadId));
    expect(turn.items.map((item) => item.type === 'undo' && item.status)).toEqual(['failed', 'failed']);
  });
});

describe('a task that the user interrupted, and that comes again since its end was not written', () => {
  const interrupt = async (first: TestSession) => void first.session.submit({ type: 'interrupt' });

  /** Runs it again behind each line from the record of its effect on. @returns how often the model was asked meanwhile */
  async function eachTime(op: Op, whole: Done, judge: (next: TestSession, turn: Turn) => void): Promise<number> {
    const before = thread.server.requests.length;
    const recorded = whole.lines.findIndex((line) => line.includes('"task_done"')) + 1;
    const places = [...new Set([recorded, ...whole.places.filter((kept) => kept > recorded)])];
    expect(recorded).toBeGreaterThan(0);
    for (const kept of places) {
      const next = await again(op, whole, kept);
      expect(endOf(next), `after ${kept} lines`).toMatchObject({ status: 'interrupted', abortReason: 'interrupted' });
      const turn = await shownTurn(next);
      expect(turn.status, `after ${kept} lines`).toBe('interrupted');
      expect(count(recordOf(next), '"task_done"')).toBe(1);
      expect(count(recordOf(next), '"turn_aborted"')).toBe(1);
      judge(next, turn);
    }
    return thread.server.requests.length - before;
  }

  test('is interrupted where it was a command, which is noted once', async () => {
    const command: Op = { type: 'userShell', command: 'echo x >> made; echo said; sleep 300' };
    const whole = await done(command, answers, async (first) => {
      await first.next('item.delta', ({ itemId }) => itemId === `shell-${ID}`);
      await interrupt(first);
    });
    const asked = await eachTime(command, whole, (next, turn) => {
      expect(count(recordOf(next), '<user_shell_command>')).toBe(1);
      expect(turn.items).toMatchObject([{ type: 'commandExecution', status: 'failed', exitCode: -1 }]);
    });
    expect(asked).toBe(0);
    expect(readFileSync(join(thread.repo.path, 'made'), 'utf8')).toBe('x\n');
  });

  test('is interrupted where it was a review, whose reviewer is not asked again', async () => {
    const whole = await done(
      review,
      (request) => (isReview(request) ? respond(message('half'), hang()) : answers(request)),
      async (first) => {
        await thread.server.request(thread.server.requests.length);
        await interrupt(first);
      },
    );
    const asked = await eachTime(review, whole, (next, turn) => {
      expect(count(recordOf(next), '<user_action>')).toBe(1);
      expect(countOf(turn, 'exitedReviewMode')).toBe(1);
    });
    expect(asked).toBe(0);
  });
});

describe('a command of the user that comes again after its process was killed', () => {
  const made = () => join(thread.repo.path, 'made');
  const command: Op = { type: 'userShell', command: 'echo x >> made; echo said' };

  async function killed(dieAfter: string, time = 1): Promise<TestSession> {
    await thread.serve([ok]);
    const place = { url: thread.server.url, home: thread.home.path, cwd: thread.repo.path };
    const how = { place, resume: null, decision: null, text: null, dieAfter, time, next: command };
    return resubmitted(command, await untilDeath(how));
  }

  const note = async (next: TestSession) => {
    await next.say('and?');
    return thread.server.requests[0]?.textsOf('user').filter((text) => text.startsWith('<user_shell_command>')) ?? [];
  };

  test('does not run again where its end is not known, and the model and the user learn that', async () => {
    const next = await killed(`"key":"shell-${ID}"`);
    expect(existsSync(made())).toBe(false);
    expect(endOf(next)).toMatchObject({ status: 'completed' });
    const said = [expect.stringMatching(/Exit code: -1\n[\s\S]*unknown outcome: keel was stopped/)];
    expect(await note(next)).toEqual(said);
    const [item] = (await shownTurn(next)).items;
    expect(item).toMatchObject({ type: 'commandExecution', status: 'failed', exitCode: null });
  });

  test('has the result that it had where that was not yet noted', async () => {
    const next = await killed(`"key":"shell-${ID}"`, 2);
    expect(readFileSync(made(), 'utf8')).toBe('x\n');
    expect(await note(next)).toEqual([expect.stringMatching(/Exit code: 0\n[\s\S]*said/)]);
  });

  test('is done where it was noted', async () => {
    const next = await killed('<user_shell_command>');
    expect(readFileSync(made(), 'utf8')).toBe('x\n');
    expect(await note(next)).toHaveLength(1);
    expect(countOf(await shownTurn(next), 'commandExecution')).toBe(1);
  });

  test('does not run again beside a turn that moved', async () => {
    const first = await thread.open([respond(message('hm'), hang()), ok]);
    first.session.submit({ type: 'userInput', items: [{ type: 'text', text: 'go' }] });
    await first.next('item.completed', ({ item }) => item.type === 'agentMessage');
    first.session.submit(command, ID);
    await first.next('item.completed', ({ item }) => item.type === 'commandExecution');
    await first.session.release(50);
    const { threadId } = first.session;
    const next = await thread.reopen({
      options: { origin: { type: 'resume', id: threadId }, unfinishedTurn: 'continue' },
    });
    await next.next('turn.started');
    next.session.submit(command, ID);
    const { item } = await next.next('item.completed', (event) => event.item.type === 'commandExecution');
    expect(item).toMatchObject({ exitCode: 0, aggregatedOutput: 'said\n' });
    await next.next('turn.completed');
    expect(readFileSync(made(), 'utf8')).toBe('x\n');
  });
});
