import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { Keel, type KeelOptions, type QuestionHandler, type SessionEvent } from '../../../src/surfaces/sdk/index.ts';
import {
  functionCall,
  hang,
  httpError,
  type ModelServer,
  message,
  respond,
  type Script,
  startModelServer,
  usage,
} from '../../../src/testing/index.ts';
import { freshPlaces } from '../../support/fresh-places.ts';
import { rolloutsIn, until } from '../../support/keel.ts';
import { asksUser, QUESTIONS } from '../../support/questions.ts';

const places = freshPlaces();
let server: ModelServer;

afterEach(async () => {
  await server.close();
});

async function keelWith(script: Script, options: KeelOptions = {}): Promise<Keel> {
  server = await startModelServer(script);
  return new Keel({
    cwd: places.repo.path,
    home: places.home.path,
    sandbox: 'danger-full-access',
    env: { PATH: process.env['PATH'], HOME: places.home.path, OPENAI_BASE_URL: server.url, OPENAI_API_KEY: 'test' },
    ...options,
  });
}

const says = (text: string) => respond(message(text), usage({ input: 10, cached: 4, output: 2 }));
const runs = (script: string, id = 'call_1') => respond(functionCall('shell', { command: ['bash', '-c', script] }, id));
const lastUserTexts = () =>
  server.requests
    .at(-1)
    ?.textsOf('user')
    .filter((text) => !text.startsWith('<')) ?? [];

describe('a turn', () => {
  test('gives what was done, the last message and the usage', async () => {
    const keel = await keelWith([runs('echo x'), says('It is done.')]);
    await using thread = await keel.startThread();
    const { items, finalResponse, usage: used } = await thread.run('do it');
    expect(items.map(({ type }) => type)).toEqual(['userMessage', 'commandExecution', 'agentMessage']);
    expect(finalResponse).toBe('It is done.');
    expect(used).toMatchObject({ input_tokens: 10, cached_input_tokens: 4, output_tokens: 2 });
    expect(rolloutsIn(places.home.path)).toEqual([thread.rolloutPath]);
  });

  test('streams its events, from its start to its end and no others', async () => {
    const keel = await keelWith([says('one'), says('two')]);
    await using thread = await keel.startThread();
    await thread.run('first');
    const events: SessionEvent[] = [];
    for await (const event of thread.runStreamed('second')) events.push(event);
    expect(events[0]?.type).toBe('turn.started');
    expect(events.at(-1)).toMatchObject({ type: 'turn.completed', status: 'completed', lastAgentMessage: 'two' });
    expect(events.filter(({ type }) => type === 'turn.completed')).toHaveLength(1);
  });

  test('that fails throws its kind and words', async () => {
    const keel = await keelWith([httpError(400, '{"error":{"message":"no such thing"}}')]);
    await using thread = await keel.startThread();
    await expect(thread.run('go')).rejects.toMatchObject({ kind: 'badRequest', message: /no such thing/ });
  });

  test.each([[''], [' \n'], [[]], [[{ type: 'text', text: '' } as const]]])(
    'of nothing (%j) is refused',
    async (input) => {
      const keel = await keelWith([says('never')]);
      await using thread = await keel.startThread();
      await expect(thread.run(input)).rejects.toMatchObject({ kind: 'invalidInput' });
      expect(server.requests).toHaveLength(0);
    },
  );

  test('is refused while another one runs, and the other one continues', async () => {
    const keel = await keelWith([runs('sleep 0.2'), says('done')]);
    await using thread = await keel.startThread();
    const first = thread.run('one');
    await expect(thread.run('two')).rejects.toMatchObject({ kind: 'threadBusy' });
    await expect(thread.rollback(1)).rejects.toMatchObject({ kind: 'threadBusy' });
    expect((await first).finalResponse).toBe('done');
  });

  test('keeps to a schema and to settings that were changed before it', async () => {
    const keel = await keelWith([says('{}')]);
    await using thread = await keel.startThread();
    const outputSchema = { type: 'object', properties: {}, required: [], additionalProperties: false };
    thread.configure({ model: 'gpt-5.1', effort: 'high' });
    await thread.run('go', { outputSchema });
    expect(server.requests[0]?.body).toMatchObject({
      model: 'gpt-5.1',
      reasoning: { effort: 'high' },
      text: { format: { type: 'json_schema', schema: outputSchema } },
    });
  });
});

describe('questions of the model', () => {
  const script = [respond(asksUser()), says('done')];
  const onApproval = () => ({ type: 'denied' }) as const;
  const output = () => server.requests[1]?.outputOf('ask_1');

  test('are answered by a function of the program', async () => {
    const onQuestions = vi.fn<QuestionHandler>(async () => ({ colour: 'Red' }));
    const keel = await keelWith(script, { onApproval, onQuestions });
    await using thread = await keel.startThread();
    const { items } = await thread.run('go');
    expect(onQuestions.mock.calls).toEqual([[QUESTIONS]]);
    expect(output()).toBe('{"answers":{"colour":{"answers":["Red"]}}}');
    expect(items).toContainEqual(expect.objectContaining({ type: 'toolCall', answer: 'Colour: Red\nSize: no answer' }));
  });

  test.each<[string, QuestionHandler]>([
    ['null', () => null],
    ['nothing at all', () => JSON.parse('null')],
    ['what is no answer', () => JSON.parse('{"colour": {"a": 1}}')],
    ['a throw', () => Promise.reject(new Error('the window is gone'))],
  ])('are not answered by %s, and the agent decides itself', async (_, onQuestions) => {
    const keel = await keelWith(script, { onApproval, onQuestions });
    await using thread = await keel.startThread();
    expect((await thread.run('go')).finalResponse).toBe('done');
    expect(output()).toContain('The user gave no answer.');
  });

  test('are not asked of a program that does not answer them, whatever it approves', async () => {
    const keel = await keelWith([says('done')], { onApproval: () => ({ type: 'approved' }) });
    await using thread = await keel.startThread();
    await thread.run('go');
    expect(JSON.stringify(server.requests[0]?.body)).not.toContain('request_user_input');
  });

  test('need somebody who is asked for approval too', async () => {
    await expect(keelWith([], { onQuestions: () => null })).rejects.toMatchObject({ kind: 'invalidInput' });
  });
});

describe('the end of a turn before its time', () => {
  test('a signal interrupts it; one that has aborted before starts nothing', async () => {
    const keel = await keelWith([respond(hang()), says('later')]);
    await using thread = await keel.startThread();
    const controller = new AbortController();
    const work = thread.run('go', { signal: controller.signal });
    await server.request(0);
    controller.abort();
    await expect(work).rejects.toMatchObject({ kind: 'interrupted' });
    await expect(thread.run('go', { signal: controller.signal })).rejects.toMatchObject({ kind: 'interrupted' });
    expect(server.requests).toHaveLength(1);
    expect((await thread.run('again')).finalResponse).toBe('later');
  });

  test('leaving the loop interrupts it, and the next one can start at once', async () => {
    const keel = await keelWith((request) =>
      request.textsOf('user').at(-1) === 'again' ? says('later') : respond(hang()),
    );
    await using thread = await keel.startThread();
    for await (const event of thread.runStreamed('go')) if (event.type === 'turn.started') break;
    expect((await thread.run('again')).finalResponse).toBe('later');
  });

  test('closing the thread ends it as interrupted and leaves nothing running', async () => {
    const keel = await keelWith([runs('touch begun; sleep 300')]);
    const thread = await keel.startThread();
    const work = thread.run('go');
    const failure = expect(work).rejects.toMatchObject({ kind: 'interrupted' });
    await until(() => existsSync(join(places.repo.path, 'begun')));
    await thread.close();
    await failure;
    await expect(thread.run('more')).rejects.toMatchObject({ kind: 'sessionClosed' });
  });
});

test('a record that somebody has deleted stops the work before what could not be taken up again', async () => {
  const keel = await keelWith((request) =>
    request.textsOf('user').at(-1) === 'again' ? runs('touch ran') : says('done'),
  );
  await using thread = await keel.startThread();
  await thread.run('go');
  rmSync(thread.rolloutPath ?? '');
  await expect(thread.run('again')).rejects.toMatchObject({
    kind: 'storageFailed',
    message: /has been deleted/,
  });
  expect(existsSync(join(places.repo.path, 'ran'))).toBe(false);
});

test('malformed input is refused with a readable message', async () => {
  const keel = await keelWith([]);
  await using thread = await keel.startThread();
  const malformed: unknown = [{ type: 'nope' }];
  const run = Reflect.apply(thread.run, thread, [malformed]);
  await expect(run).rejects.toMatchObject({ kind: 'invalidInput', message: /not an operation of keel: .*\n?.*items/s });
});

describe('questions', () => {
  const asking = { approvalPolicy: 'untrusted' } as const;

  test('are answered by the handler, whose words reach the model', async () => {
    const asked: unknown[] = [];
    const keel = await keelWith([runs('touch a', 'c1'), runs('touch b', 'c2'), says('done')], {
      ...asking,
      onApproval: (request) => {
        asked.push(request.type);
        return asked.length === 1 ? { type: 'approved' } : { type: 'denied', message: 'not that one' };
      },
    });
    await using thread = await keel.startThread();
    await thread.run('go');
    expect(asked).toHaveLength(2);
    expect([existsSync(join(places.repo.path, 'a')), existsSync(join(places.repo.path, 'b'))]).toEqual([true, false]);
    expect(server.requests.at(-1)?.outputOf('c2')).toContain('not that one');
  });

  test('say which thread asks: this one, or a child by its name', async () => {
    const sources: unknown[] = [];
    const fine = says('{"overall_explanation":"fine"}');
    const keel = await keelWith([runs('touch a'), fine, runs('touch a'), fine], {
      ...asking,
      onApproval: (_request, source) => {
        sources.push(source);
        return { type: 'denied' };
      },
    });
    await using thread = await keel.startThread();
    await thread.run('go');
    await thread.review({ type: 'custom', instructions: 'look' });
    expect(sources).toEqual([
      { threadId: thread.id, agent: null },
      { threadId: expect.not.stringContaining(thread.id), agent: 'review' },
    ]);
  });

  test('a handler that throws denies', async () => {
    const keel = await keelWith([runs('touch a', 'c1'), says('done')], {
      ...asking,
      onApproval: () => Promise.reject(new Error('nobody is here')),
    });
    await using thread = await keel.startThread();
    await thread.run('go');
    expect(server.requests.at(-1)?.outputOf('c1')).toContain('nobody is here');
  });

  test.each(['null', 'true', '{"type":"yes"}'])('an answer of another type denies: %s', async (answer) => {
    const keel = await keelWith([runs('touch a', 'c1'), says('done')], {
      ...asking,
      onApproval: () => JSON.parse(answer),
    });
    await using thread = await keel.startThread();
    expect((await thread.run('go')).finalResponse).toBe('done');
    expect(server.requests.at(-1)?.outputOf('c1')).toContain('did not return a decision');
  });

  test('an answer that comes after the thread was closed harms nobody', async () => {
    const answer = Promise.withResolvers<{ readonly type: 'approved' }>();
    let isAsked = false;
    const keel = await keelWith([runs('touch a')], {
      ...asking,
      onApproval: () => {
        isAsked = true;
        return answer.promise;
      },
    });
    const thread = await keel.startThread();
    const failure = expect(thread.run('go')).rejects.toMatchObject({ kind: 'interrupted' });
    await until(() => isAsked);
    await thread.close();
    await failure;
    answer.resolve({ type: 'approved' });
    await answer.promise;
  });
});

describe('threads that were recorded', () => {
  test('are resumed by id or as the last one, with what happened in them', async () => {
    const keel = await keelWith(() => says('answer'));
    const first = await keel.startThread();
    await first.run('one');
    await first.close();
    for (const open of [() => keel.resumeThread(first.id), () => keel.resumeLastThread()]) {
      await using thread = await open();
      expect(thread.id).toBe(first.id);
      expect(thread.earlierTurns[0]?.items).toMatchObject([{ type: 'userMessage' }, { text: 'answer' }]);
    }
    await expect(keel.resumeThread('nobody')).rejects.toMatchObject({ kind: 'threadNotFound' });
  });

  test('are forked at a message of the user', async () => {
    const keel = await keelWith(() => says('answer'));
    await using first = await keel.startThread();
    await first.run('one');
    await first.run('two');
    await using fork = await keel.forkThread(first.id, { userMessages: 1 });
    expect(fork.id).not.toBe(first.id);
    expect(fork.earlierTurns).toHaveLength(1);
    await fork.run('three');
    expect(lastUserTexts()).toEqual(['one', 'three']);
  });

  test('are listed and searched', async () => {
    const keel = await keelWith(() => says('answer'));
    for (const text of ['about boats', 'about trains']) {
      await using thread = await keel.startThread();
      await thread.run(text);
    }
    expect((await keel.listThreads({ limit: 1 })).threads.map(({ preview }) => preview)).toEqual(['about trains']);
    expect((await keel.listThreads({ search: 'boats' })).threads.map(({ preview }) => preview)).toEqual([
      'about boats',
    ]);
    await expect(keel.listThreads({ limit: 0 })).rejects.toMatchObject({ kind: 'invalidInput' });
  });
});

describe('what else a thread does', () => {
  test('rollback takes turns out of the conversation', async () => {
    const keel = await keelWith(() => says('answer'));
    await using thread = await keel.startThread();
    for (const text of ['one', 'two', 'three']) await thread.run(text);
    const { removed, turns } = await thread.rollback(2);
    expect([removed, turns.length]).toEqual([2, 1]);
    await thread.run('four');
    expect(lastUserTexts()).toEqual(['one', 'four']);
    await expect(thread.rollback(0)).rejects.toMatchObject({ kind: 'invalidInput' });
  });

  test('review gives the findings, and refuses an unknown branch', async () => {
    const output = {
      findings: [],
      overall_correctness: 'patch is correct',
      overall_explanation: 'Nothing is broken.',
      overall_confidence_score: 0.9,
    };
    const keel = await keelWith(() => says(JSON.stringify(output)));
    await using thread = await keel.startThread();
    writeFileSync(join(places.repo.path, 'README.md'), 'changed\n');
    expect(await thread.review({ type: 'uncommittedChanges' })).toMatchObject({
      review: expect.stringContaining('Nothing is broken.'),
      output,
    });
    const asked = server.requests.length;
    for (const branch of ['--help', 'no-such-branch']) {
      await expect(thread.review({ type: 'baseBranch', branch })).rejects.toMatchObject({ kind: 'invalidInput' });
    }
    expect(server.requests).toHaveLength(asked);
  });

  test('review takes a schema: what does not fit is asked for again', async () => {
    const outputSchema = {
      type: 'object',
      properties: { ok: { type: 'boolean' } },
      required: ['ok'],
      additionalProperties: false,
    };
    const keel = await keelWith([says('fine'), says('{"ok":true}')]);
    await using thread = await keel.startThread();
    writeFileSync(join(places.repo.path, 'README.md'), 'changed\n');
    const found = await thread.review({ type: 'uncommittedChanges' }, { outputSchema });
    expect([found, server.requests.length]).toEqual([{ review: '{"ok":true}', output: null }, 2]);
  });

  test('compact leaves a handover, undo takes back what a turn did to files', async () => {
    const keel = await keelWith([runs('echo new > README.md'), says('changed'), says('the summary'), says('go on')], {
      overrides: ['features.ghost_commit=true'],
    });
    await using thread = await keel.startThread();
    await thread.run('change it');
    expect(await thread.undo()).toMatchObject({ undone: true });
    expect(readFileSync(join(places.repo.path, 'README.md'), 'utf8')).toBe('test\n');
    expect((await thread.undo()).undone).toBe(false);
    await thread.compact({ focus: 'the files' });
    expect(server.requests.at(-1)?.textsOf('user').at(-1)).toContain('the files');
    await thread.run('and now');
    expect(server.requests.at(-1)?.textsOf('user').join('\n')).toContain('the summary');
  });
});
