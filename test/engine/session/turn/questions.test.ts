import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { ApprovalDecision } from '../../../../src/foundation/protocol/index.ts';
import { functionCall, message, respond } from '../../../../src/testing/index.ts';
import { rolloutsIn } from '../../../support/keel.ts';
import { asksUser, QUESTIONS } from '../../../support/questions.ts';
import { liveSession } from '../../../support/sessions/live-session.ts';
import { untilDeath } from '../../../support/sessions/until-death.ts';

const { home, repo, server, open, reopen, serve } = liveSession({ options: { answersQuestions: true } });
const script = [respond(asksUser()), respond(message('Done.'))];
const names = (request = server.requests[0]) =>
  (request?.body['tools'] as readonly { readonly name: string }[] | undefined)?.map(({ name }) => name) ?? [];
const red = { type: 'approved', content: { colour: 'Red' } } as const;
const NOT_ANSWERED = 'The user gave no answer. Decide yourself, and say what you assumed.';

describe('what the model asks the user', () => {
  test('is an event with the questions, and its answer is what the call returns', async () => {
    const live = await open(script);
    const turn = live.say('go');
    const { request } = await live.next('approval.requested');
    expect(request).toMatchObject({ type: 'questions', callId: 'ask_1', questions: QUESTIONS, reason: null });
    live.answer('ask_1', { type: 'approved', content: { colour: 'Red', size: ['', ' huge '] } });
    expect(await turn).toMatchObject({ status: 'completed', lastAgentMessage: 'Done.' });
    const output = server.requests[1]?.outputOf('ask_1');
    expect(JSON.parse(String(output))).toEqual({
      answers: { colour: { answers: ['Red'] }, size: { answers: ['huge'] } },
    });
    expect(await live.next('approval.resolved')).toMatchObject({ questionId: request.questionId });
    const [first, second] = server.requests;
    if (first) second?.assertExtends(first);
  });

  test.each<[string, ApprovalDecision]>([
    ['a denial', { type: 'denied' }],
    ['a yes without content', { type: 'approved' }],
    ['a yes for the session', { type: 'approvedForSession' }],
    ['content without text', { type: 'approved', content: { colour: ' ', size: [] } }],
    ['content of other names', { type: 'approved', content: { toString: 'x' } }],
  ])('is not answered by %s', async (_, decision) => {
    const live = await open(script);
    const turn = live.say('go');
    await live.next('approval.requested');
    live.answer('ask_1', decision);
    expect(await turn).toMatchObject({ status: 'completed' });
    expect(server.requests[1]?.outputOf('ask_1')).toBe(NOT_ANSWERED);
  });

  test('is answered by a denial in the user’s own words', async () => {
    const live = await open(script);
    const turn = live.say('go');
    await live.next('approval.requested');
    live.answer('ask_1', { type: 'denied', message: 'use what the logo has' });
    await turn;
    expect(JSON.parse(String(server.requests[1]?.outputOf('ask_1')))).toEqual({
      answers: { colour: { answers: ['use what the logo has'] } },
    });
  });

  test('is asked again each time, whatever was answered before', async () => {
    const live = await open([respond(asksUser('a')), respond(asksUser('b')), respond(message('Done.'))]);
    const turn = live.say('go');
    for (const callId of ['a', 'b']) {
      await live.next('approval.requested', ({ request }) => 'callId' in request && request.callId === callId);
      live.answer(callId, red);
    }
    await turn;
    const ids = live.events.flatMap((event) => (event.type === 'approval.requested' ? event.request.questionId : []));
    expect(new Set(ids).size).toBe(2);
  });

  test('is withdrawn by an interrupt while it waits, and the next turn sees that it was cut off', async () => {
    const live = await open(script);
    const turn = live.say('go');
    const { request } = await live.next('approval.requested');
    live.session.submit({ type: 'interrupt' });
    expect(await turn).toMatchObject({ status: 'interrupted' });
    expect(await live.next('approval.resolved')).toMatchObject({ questionId: request.questionId, decision: 'abort' });
    await live.say('and now?');
    expect(server.requests[1]?.outputOf('ask_1')).toMatch(/aborted/);
  });

  test('ends its turn where the answer is to stop', async () => {
    const live = await open(script);
    const turn = live.say('go');
    await live.next('approval.requested');
    live.answer('ask_1', { type: 'abort' });
    expect(await turn).toMatchObject({ status: 'interrupted' });
  });

  test('does not let the time of the user count as work', async () => {
    const live = await open([
      respond(asksUser(), functionCall('shell', { command: ['true'] }, 'c1')),
      ...script.slice(1),
    ]);
    const turn = live.say('go');
    await live.next('approval.requested');
    // The call behind it waits: nothing runs while the model may not know yet what it should do.
    expect(live.events.some((event) => event.type === 'item.started' && event.item.id === 'c1')).toBe(false);
    live.answer('ask_1', red);
    await turn;
    expect(live.events.some((event) => event.type === 'item.completed' && event.item.id === 'c1')).toBe(true);
  });
});

describe('a crash', () => {
  const place = () => ({ url: server.url, home: home.path, cwd: repo.path });
  const dies = (decision: typeof red | null, dieAfter: string) =>
    untilDeath({ place: place(), answersQuestions: true, resume: null, text: 'go', decision, dieAfter });
  const continues = (id: string) =>
    reopen({ options: { answersQuestions: true, origin: { type: 'resume', id }, unfinishedTurn: 'continue' } });

  test('behind an answer keeps it: the model gets it, and nobody is asked again', async () => {
    await serve(script);
    const id = await dies(red, '"kind":"external","state":"end"');
    const live = await continues(id);
    expect(await live.next('turn.completed')).toMatchObject({ status: 'completed' });
    expect(live.events.some(({ type }) => type === 'approval.requested')).toBe(false);
    expect(JSON.parse(String(server.requests.at(-1)?.outputOf('ask_1')))).toEqual({
      answers: { colour: { answers: ['Red'] } },
    });
  });

  test('behind an answer keeps it also where nobody answers questions now', async () => {
    await serve(script);
    const id = await dies(red, '"kind":"external","state":"end"');
    const live = await reopen({
      options: { answersQuestions: false, origin: { type: 'resume', id }, unfinishedTurn: 'continue' },
    });
    expect(await live.next('turn.completed')).toMatchObject({ status: 'completed' });
    expect(JSON.parse(String(server.requests.at(-1)?.outputOf('ask_1')))).toEqual({
      answers: { colour: { answers: ['Red'] } },
    });
  });

  test('before an answer leaves the model to decide where nobody answers questions now', async () => {
    await serve(script);
    const id = await dies(null, '"kind":"external","state":"begin"');
    const live = await reopen({
      options: { answersQuestions: false, origin: { type: 'resume', id }, unfinishedTurn: 'continue' },
    });
    expect(await live.next('turn.completed')).toMatchObject({ status: 'completed', lastAgentMessage: 'Done.' });
    expect(live.events.some(({ type }) => type === 'approval.requested')).toBe(false);
    expect(server.requests.at(-1)?.outputOf('ask_1')).toBe(NOT_ANSWERED);
  });

  test('while it waits asks it again under its id', async () => {
    await serve(script);
    const id = await dies(null, '"kind":"external","state":"begin"');
    const live = await continues(id);
    const { request } = await live.next('approval.requested');
    expect(request).toMatchObject({ type: 'questions', questions: QUESTIONS });
    const inTurn = request.questionId.replace(`${id}/`, '');
    const journal = readFileSync(rolloutsIn(home.path)[0] ?? '', 'utf8');
    expect(journal.split(`"id":"approval-${inTurn}","kind":"external"`)).toHaveLength(3);
    live.answer('ask_1', red);
    expect(await live.next('turn.completed')).toMatchObject({ status: 'completed', lastAgentMessage: 'Done.' });
  });
});

describe('the tool', () => {
  test('is offered where somebody answers, behind the others and before those for subagents', async () => {
    const live = await open([respond(message('Hello.'))], { overrides: ['features.multi_agent=true'] });
    await live.say('hi');
    const offered = names();
    expect(offered.indexOf('request_user_input')).toBe(offered.indexOf('spawn_agent') - 1);
  });

  test.each([
    ['nobody answers questions', { answersQuestions: false }],
    ['nothing can be asked', { answersQuestions: true, canAsk: false }],
  ])('is not offered where %s, and a call of it is no question', async (_, options) => {
    const live = await open(script, { options });
    await live.say('go');
    expect(names()).not.toContain('request_user_input');
    expect(live.events.some(({ type }) => type === 'approval.requested')).toBe(false);
    expect(server.requests[1]?.outputOf('ask_1')).toMatch(/^unsupported call: request_user_input/);
  });

  test('is not a subagent’s: what it wants to know it says in its last message', async () => {
    const live = await open(
      (request) => {
        if (request.textsOf('user').some((text) => text.startsWith('<agent_role'))) return respond(message('report'));
        const done = request.input.filter((item) => item['type'] === 'function_call_output').length;
        if (done > 0) return respond(message('Done.'));
        return respond(functionCall('spawn_agent', { message: 'look' }, 's1'));
      },
      { overrides: ['features.multi_agent=true'] },
    );
    await live.say('go');
    const ofChild = () =>
      server.requests.find((request) => request.textsOf('user').some((text) => text.startsWith('<agent_role')));
    // The turn does not wait for what it has started.
    await expect.poll(ofChild).toBeDefined();
    expect(names(ofChild())).not.toContain('request_user_input');
  });

  test('can be disallowed like any other', async () => {
    const live = await open([respond(message('Hello.'))], { overrides: ['tools.disallowed=["request_user_input"]'] });
    await live.say('hi');
    expect(names()).not.toContain('request_user_input');
  });
});
