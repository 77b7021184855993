import { execFileSync } from 'node:child_process';
import { closeSync, constants, existsSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { functionCall, hold, message, type RecordedRequest, type Response, respond, usage } from 'keel/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Place, TurnInput, TurnJob } from '../../src/protocol.ts';
import { asked, InProcess, sessionOf } from '../support/in-process.ts';

const used = usage({ input: 50, output: 5 });
const never = new AbortController().signal;
const UNTRUSTED = 'approval_policy = "untrusted"';
const shell = (script: string, id: string) => functionCall('shell', { command: ['bash', '-c', script] }, id);
const outputs = (request: RecordedRequest) => request.input.filter((item) => item['type'] === 'function_call_output');
const effects = ({ cwd }: Place) => {
  const path = join(cwd, 'effects');
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
};
const steer = (at: number, text: string, images: string[] = []): TurnInput => ({
  at,
  input: { type: 'steer', text, images },
});
const interrupt = (at: number): TurnInput => ({ at, input: { type: 'interrupt' } });
const yes = (at: number, questionId: string): TurnInput => ({
  at,
  input: { type: 'answer', questionId, decision: { type: 'approved' } },
});

let fleet: InProcess;
afterEach(() => fleet[Symbol.asyncDispose]());

/** Asks for a command, then says what it has heard. */
function oneCommand(request: RecordedRequest): Response {
  if (outputs(request).length === 0) return respond(shell('echo done >> effects', 'c0'), used);
  const said = request.textsOf('user').filter((text) => !text.startsWith('<'));
  return respond(message(`heard: ${said.join(' / ')}`), used);
}

describe('a turn that asks while a helper of it works', () => {
  const SETTINGS = `${UNTRUSTED}\n[features]\nmulti_agent = true`;
  let job: TurnJob;
  let pipe: number | null = null;

  /** The parent starts a helper and asks for a command; the helper reads a pipe until the test closes that. */
  beforeEach(async () => {
    fleet = await InProcess.start((request) => {
      const isHelper = request.textsOf('user').some((text) => text.startsWith('<agent_role'));
      if (isHelper && outputs(request).length > 0) return respond(message('the report'), used);
      if (isHelper) return respond(functionCall('shell', { command: ['cat', 'pipe'] }, 'h0'), used);
      if (outputs(request).length === 0) return respond(functionCall('spawn_agent', { message: 'read' }, 'p0'), used);
      return outputs(request).length === 1 ? respond(shell('echo done >> effects', 'p1'), used) : oneCommand(request);
    });
    job = fleet.job(SETTINGS);
    execFileSync('mkfifo', [join(job.place.cwd, 'pipe')]);
  });
  afterEach(() => {
    if (pipe !== null) closeSync(pipe);
    pipe = null;
  });

  /** Resolves when the question is open and the helper's command runs. */
  async function busy() {
    const turns = await fleet.worker({ parkAfterMs: 50 });
    const end = turns.run(job, never);
    end.catch(() => undefined);
    const { request } = await asked(turns, job.threadId);
    await expect.poll(() => (pipe = opened(join(job.place.cwd, 'pipe')))).not.toBeNull();
    // As long as it takes to try to park it several times.
    await new Promise((resolve) => setTimeout(resolve, 300));
    return { turns, end, questionId: request.questionId };
  }

  test('takes the answer at once, and is not parked', async () => {
    const { turns, end, questionId } = await busy();
    turns.deliver(job, yes(1, questionId));
    expect(await end).toMatchObject({ type: 'ended', status: 'completed' });
    expect(effects(job.place)).toBe('done\n');
  });

  test('is interrupted at once', async () => {
    const { turns, end } = await busy();
    turns.deliver(job, interrupt(1));
    expect(await end).toMatchObject({ type: 'ended', status: 'interrupted' });
    expect(effects(job.place)).toBe('');
  });

  test('is drained within the time that the drain has', async () => {
    const { turns, end } = await busy();
    await turns.drain(100);
    await expect(end).resolves.toMatchObject({ type: 'parked' });
    expect(turns.size).toBe(0);
  });

  test('is parked when the helper has nothing to do any more', async () => {
    const { turns, end, questionId } = await busy();
    if (pipe !== null) closeSync(pipe);
    pipe = null;
    expect(await end).toMatchObject({ type: 'parked', questions: [{ questionId }] });
    expect(turns.size).toBe(0);
  });
});

function opened(path: string): number | null {
  try {
    return openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch {
    // Nobody reads it yet.
    return null;
  }
}

describe('a turn that asks while the response with the question is under way', () => {
  let rest: PromiseWithResolvers<void>;
  let job: TurnJob;

  beforeEach(async () => {
    rest = Promise.withResolvers();
    fleet = await InProcess.start((request) => {
      if (outputs(request).length > 0) return oneCommand(request);
      return respond(shell('echo done >> effects', 'c0'), hold(rest.promise), message('and more'), used);
    });
    job = fleet.job(UNTRUSTED);
  });

  test.each(['parked', 'drained'])(
    'is %s when it has the whole response, which is not asked for again',
    async (how) => {
      const turns = await fleet.worker({ parkAfterMs: how === 'parked' ? 50 : 60_000 });
      const end = turns.run(job, never);
      const { request } = await asked(turns, job.threadId);
      if (how === 'drained') void turns.drain(60_000);
      // As long as it takes to try several times.
      await new Promise((resolve) => setTimeout(resolve, 300));
      expect(await sessionOf(turns, job.threadId)).toMatchObject({ isOnlyWaiting: false });
      rest.resolve();
      const { questionId } = request;
      expect(await end).toMatchObject({ type: 'parked', questions: [{ questionId }] });
      const next = await fleet.worker();
      const answered = await next.run({ ...job, stage: 1, inputs: [yes(1, questionId)] }, never);
      expect(answered).toMatchObject({ status: 'completed', message: 'heard: go' });
      expect(fleet.model.requests).toHaveLength(2);
      expect(JSON.stringify(fleet.model.requests[1]?.input).match(/and more/g)).toHaveLength(1);
      expect(effects(job.place)).toBe('done\n');
    },
  );
});

test('a review that waits for a person is parked, and continues with the answer on another worker', async () => {
  const found = { findings: [], overall_correctness: 'patch is correct', overall_explanation: 'Fine.' };
  const verdict = message(JSON.stringify({ ...found, overall_confidence_score: 0.9 }));
  fleet = await InProcess.start((request) =>
    outputs(request).length > 0 ? respond(verdict, used) : respond(shell('echo done >> effects', 'c0'), used),
  );
  const job = fleet.job(UNTRUSTED, { op: { type: 'review', target: { type: 'custom', instructions: 'look' } } });
  const parked = await (await fleet.worker({ parkAfterMs: 50 })).run(job, never);
  const questionId = parked.type === 'parked' ? (parked.questions[0]?.questionId ?? '') : '';
  expect(parked).toMatchObject({ type: 'parked', questions: [{ about: expect.stringContaining('echo done') }] });
  expect(effects(job.place)).toBe('');
  const answered = { ...job, stage: 1, inputs: [yes(1, questionId)] };
  expect(await (await fleet.worker({ parkAfterMs: 50 })).run(answered, never)).toMatchObject({ status: 'completed' });
  expect(effects(job.place)).toBe('done\n');
  expect(fleet.model.requests).toHaveLength(2);
});

describe('a turn on another worker', () => {
  beforeEach(async () => {
    fleet = await InProcess.start(oneCommand);
  });

  test('is not taken from a worker that lives but has another secret, and the reason is given', async () => {
    const [owner, other] = [await fleet.worker(), await fleet.worker({ secret: 'the secret of another fleet' })];
    const job = fleet.job(UNTRUSTED);
    const end = owner.run(job, never);
    const { request } = await asked(owner, job.threadId);
    await expect(other.run(job, never)).rejects.toThrow(/has this thread and refuses to speak of it: 401/);
    owner.deliver(job, yes(1, request.questionId));
    expect(await end).toMatchObject({ type: 'ended', status: 'completed' });
    expect(effects(job.place)).toBe('done\n');
  });

  test('gets what arrives here, pictures as well, and its end is the end here', async () => {
    const [owner, other] = [await fleet.worker(), await fleet.worker()];
    const job = fleet.job(UNTRUSTED);
    const first = owner.run(job, never);
    const { request } = await asked(owner, job.threadId);
    const second = other.run(job, never);
    other.deliver(job, steer(1, 'quietly', ['data:image/png;base64,iVBORw0KGgo=']));
    other.deliver(job, yes(2, request.questionId));
    const end = await second;
    expect(end).toMatchObject({ status: 'completed', message: 'heard: go / quietly', taken: [1] });
    expect(await first).toMatchObject({ status: 'completed', taken: [1] });
    expect(JSON.stringify(fleet.model.requests.at(-1)?.input)).toContain('iVBORw0KGgo=');
    expect(effects(job.place)).toBe('done\n');
  });
});

describe('a message for a turn that moves', () => {
  const wait = (name: string) => `until [ -e ${name} ]; do sleep 0.05; done; echo ${name} >> effects`;

  beforeEach(async () => {
    fleet = await InProcess.start((request) => {
      const name = ['one', 'two'][outputs(request).length];
      return name === undefined ? oneCommand(request) : respond(shell(wait(name), name), used);
    });
  });

  test.each([
    ['that has taken it', 1],
    ['that could not take it yet', 0],
  ])('is said once, whether the move comes behind a step %s', async (_, stepsBefore) => {
    const [first, second] = [await fleet.worker(), await fleet.worker()];
    const job = fleet.job('approval_policy = "never"');
    const end = first.run(job, never);
    end.catch(() => undefined);
    await fleet.model.request(0);
    await sessionOf(first, job.threadId);
    first.deliver(job, steer(1, 'quietly'));
    if (stepsBefore === 1) {
      writeFileSync(join(job.place.cwd, 'one'), '');
      const next = await fleet.model.request(1);
      expect(next.textsOf('user')).toContain('quietly');
    }
    const drained = first.drain(20_000);
    for (const name of ['one', 'two']) writeFileSync(join(job.place.cwd, name), '');
    await drained;
    await expect(end).rejects.toThrow();
    const moved = await second.run({ ...job, inputs: [steer(1, 'quietly')] }, never);
    expect(moved).toMatchObject({ status: 'completed', message: 'heard: go / quietly', taken: [1] });
    expect(effects(job.place)).toBe('one\ntwo\n');
  });
});

describe('a stage that can’t be opened', () => {
  beforeEach(async () => {
    fleet = await InProcess.start(oneCommand);
  });

  test('ends as failed, and says which messages an earlier stage has taken', async () => {
    const turns = await fleet.worker({ parkAfterMs: 50 });
    const job = fleet.job(UNTRUSTED);
    const parked = await turns.run(job, never);
    const questionId = parked.type === 'parked' ? (parked.questions[0]?.questionId ?? '') : '';
    const inputs = [steer(1, 'first'), yes(2, questionId)];
    expect(await turns.run({ ...job, stage: 1, inputs }, never)).toMatchObject({ status: 'completed', taken: [1] });
    const next = {
      ...job,
      turnId: 'f2',
      inputs: [steer(1, 'second')],
      settings: { overrides: ['approval_policy="sometimes"'] },
    };
    expect(await turns.run(next, never)).toMatchObject({ status: 'failed', taken: [] });
    // The same stage, of which the record shows the message as taken.
    const again = { ...job, turnId: 'f1', stage: 2, inputs, settings: { overrides: ['approval_policy="sometimes"'] } };
    expect(await turns.run(again, never)).toMatchObject({ status: 'completed', taken: [1] });
  });

  test('closes what it had opened, for another attempt', async () => {
    const turns = await fleet.worker();
    // A turn that no session takes: the op is refused when it is submitted.
    const job = fleet.job(UNTRUSTED, { op: { type: 'rollback', turns: 0 } });
    expect(await turns.run(job, never)).toMatchObject({ type: 'ended', status: 'failed' });
    expect(turns.size).toBe(0);
    const good = { ...fleet.job(UNTRUSTED), threadId: job.threadId, place: job.place, turnId: 'f2' };
    const end = turns.run(good, never);
    const { request } = await asked(turns, good.threadId);
    expect(await sessionOf(turns, good.threadId)).not.toBeNull();
    turns.deliver(good, yes(1, request.questionId));
    expect(await end).toMatchObject({ status: 'completed' });
  });
});

describe('a turn whose model asks the user', () => {
  const questions = [
    {
      ...{ id: 'colour', header: 'Colour', question: 'Which colour?' },
      options: ['Blue', 'Red'].map((label) => ({ label, description: label })),
    },
  ];

  beforeEach(async () => {
    fleet = await InProcess.start((request) =>
      outputs(request).length === 0
        ? respond(functionCall('request_user_input', { questions }, 'a0'), used)
        : respond(message(`heard: ${request.outputOf('a0')}`), used),
    );
  });

  test('is parked like one that needs approval, and continues elsewhere with the answer', async () => {
    const [first, second] = [await fleet.worker({ parkAfterMs: 50 }), await fleet.worker()];
    const job = fleet.job(UNTRUSTED);
    const parked = await first.run(job, never);
    expect(parked).toMatchObject({ type: 'parked', questions: [{ about: 'answer: Which colour?', asked: questions }] });
    const questionId = parked.type === 'parked' ? (parked.questions[0]?.questionId ?? '') : '';
    const decision = { type: 'approved' as const, content: { colour: 'Red' } };
    const inputs: TurnInput[] = [{ at: 1, input: { type: 'answer', questionId, decision } }];
    expect(await second.run({ ...job, stage: 1, inputs }, never)).toMatchObject({
      status: 'completed',
      message: 'heard: {"answers":{"colour":{"answers":["Red"]}}}',
    });
  });

  test('has no way to ask where nobody is asked for approval', async () => {
    const turns = await fleet.worker();
    const ended = await turns.run(fleet.job('approval_policy = "never"'), never);
    expect(ended).toMatchObject({ status: 'completed', message: expect.stringContaining('unsupported call') });
  });
});
