import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { RequestPermissionRequest } from '@agentclientprotocol/sdk';
import { describe, expect, test } from 'vitest';
import { functionCall, message, type RecordedRequest, respond } from '../../../src/testing/index.ts';
import { processesWith, until } from '../../support/keel.ts';
import { AcpPlace, ask } from './place.ts';

const place = AcpPlace.ofFile('approval_policy = "untrusted"\nsandbox_mode = "workspace-write"\n');
const withAgents = 'features.multi_agent = true\napproval_policy = "untrusted"\nsandbox_mode = "workspace-write"\n';
const done = respond(message('It is done.'));
const touch = (name: string, id = 'c1') => functionCall('shell', { command: ['touch', name] }, id);
const optionOf = (kind: string) => (question: RequestPermissionRequest) =>
  question.options.find((option) => option.kind === kind)?.optionId ?? null;

describe('keel acp: permissions', () => {
  test('a call that needs approval is pending until it is answered, with each kind of answer once', async () => {
    let states: unknown[] = [];
    const script = [respond(touch('made')), respond(touch('made', 'c2')), done];
    await using editor = await place.connect(script, {
      answer: (question) => {
        states = editor.updates.map((update) => ('status' in update ? update.status : null));
        return optionOf('allow_always')(question);
      },
    });
    const sessionId = await place.open(editor);
    await ask(editor, sessionId, 'go');
    expect(states.at(-1)).toBe('pending');
    // The answer was for the session: the second call is not asked about.
    expect(editor.questions).toHaveLength(1);
    const [question] = editor.questions;
    expect(question).toMatchObject({
      sessionId,
      toolCall: { toolCallId: 'c1', title: 'touch made', status: 'pending' },
    });
    const kinds = question?.options.map(({ kind }) => kind) ?? [];
    expect(new Set(kinds).size).toBe(kinds.length);
    const calls = editor.updates.flatMap((update) =>
      'toolCallId' in update && update.toolCallId === 'c1' ? [[update.sessionUpdate, update.status]] : [],
    );
    expect(calls[0]).toEqual(['tool_call', 'pending']);
    expect(calls.filter(([kind]) => kind === 'tool_call')).toHaveLength(1);
    expect(calls.at(-1)).toEqual(['tool_call_update', 'completed']);
    expect(existsSync(join(place.repo.path, 'made'))).toBe(true);
  });

  test.each([
    ['what the model says', message('Then I stop here.'), 'Then I stop here.'],
    ['that it was not run, where the model says nothing', message(''), 'The call was rejected, so it was not run.'],
  ])('after a rejected call the client shows %s', async (_, answer, said) => {
    const isAnswered = (request: RecordedRequest) =>
      request.input.some((item) => item['type'] === 'function_call_output');
    await using editor = await place.connect((request) => respond(isAnswered(request) ? answer : touch('made')), {
      answer: optionOf('reject_once'),
    });
    const sessionId = await place.open(editor);
    // A model that gives no answer at all is an error, after the words.
    await ask(editor, sessionId, 'go').catch(() => null);
    expect(existsSync(join(place.repo.path, 'made'))).toBe(false);
    const rejected = editor.updates.findLastIndex((update) => 'status' in update && update.status === 'failed');
    expect(rejected).toBeGreaterThan(0);
    const behind = editor.updates.slice(rejected).filter((update) => update.sessionUpdate === 'agent_message_chunk');
    expect(behind.map(({ content }) => content)).toEqual([{ type: 'text', text: said }]);
  });

  test('protocol 40: a cancelled prompt sends what is pending, withdraws its question and answers cancelled', async () => {
    const asked = Promise.withResolvers<void>();
    await using editor = await place.connect([respond(message('Wait.'), touch('made')), done, done], {
      answer: () => {
        asked.resolve();
        return new Promise(() => undefined);
      },
    });
    const sessionId = await place.open(editor);
    const prompt = ask(editor, sessionId, 'go');
    await asked.promise;
    await editor.agent.notify('session/cancel', { sessionId });
    expect(await prompt).toEqual({ stopReason: 'cancelled' });
    const states = editor.updates.flatMap((update) => ('status' in update ? [update.status] : []));
    expect(states.slice(-2)).toEqual(['pending', 'failed']);
    const answers = editor.wire();
    const last = answers.findLastIndex((one) => 'method' in one && one.method === 'session/update');
    const answered = answers.findLastIndex((one) => 'result' in one);
    expect(last).toBeLessThan(answered);
    // And the session takes the next prompt.
    expect(await ask(editor, sessionId, 'again')).toEqual({ stopReason: 'end_turn' });
  });

  test('a cancelled command ends with everything that it started', async () => {
    // Shows in the environment of the shell and of what it starts.
    const mark = `TREE=${place.repo.path}/tree`;
    const tree = ['env', mark, 'bash', '-c', 'sleep 300 & touch begun; sleep 300; touch late'];
    const runs = functionCall('shell', { command: tree }, 'c1');
    await using editor = await place.connect([respond(runs), done], { answer: optionOf('allow_once') });
    const sessionId = await place.open(editor);
    const prompt = ask(editor, sessionId, 'go');
    await until(() => existsSync(join(place.repo.path, 'begun')) && processesWith(mark).length >= 3);
    await editor.agent.notify('session/cancel', { sessionId });
    expect(await prompt).toEqual({ stopReason: 'cancelled' });
    await until(() => processesWith(mark).length === 0);
    const failed = editor.updates.findLast((update) => 'status' in update);
    expect(failed).toMatchObject({ toolCallId: 'c1', status: 'failed' });
  });

  test('an answer that is none of the options means no', async () => {
    await using editor = await place.connect([respond(touch('made')), done], { answer: () => 'made-up' });
    const sessionId = await place.open(editor);
    await ask(editor, sessionId, 'go');
    expect(existsSync(join(place.repo.path, 'made'))).toBe(false);
  });

  test('subagents ask and work under the session of the client, several at a time', async () => {
    const isHelper = (request: RecordedRequest) =>
      request.textsOf('user').some((text) => text.startsWith('<agent_role'));
    const spawn = (id: string) => functionCall('spawn_agent', { message: `make ${id}` }, id);
    const wait = (name: string, id: string) => functionCall('wait', { ids: [name], timeout_ms: 60_000 }, id);
    const parent = [respond(spawn('a'), spawn('b')), respond(wait('worker-1', 'w1'), wait('worker-2', 'w2')), done];
    const both = Promise.withResolvers<void>();
    await using editor = await place.connect(
      (request) => {
        const answered = request.input.filter((item) => item['type'] === 'function_call_output').length;
        if (!isHelper(request)) return (answered === 0 ? parent[0] : answered === 2 ? parent[1] : parent[2]) ?? done;
        const name = request.textsOf('user').some((text) => text.includes('make a')) ? 'a' : 'b';
        return answered === 0 ? respond(touch(name, 's1')) : done;
      },
      {
        config: withAgents,
        answer: async (question) => {
          if (editor.questions.length === 2) both.resolve();
          await both.promise;
          return optionOf('allow_once')(question);
        },
      },
    );
    const sessionId = await place.open(editor);
    await ask(editor, sessionId, 'go');
    expect(new Set(editor.questions.map((question) => question.sessionId))).toEqual(new Set([sessionId]));
    const ids = editor.questions.map(({ toolCall }) => toolCall.toolCallId);
    expect(new Set(ids).size).toBe(2);
    for (const id of ids) {
      const states = editor.updates.flatMap((update) =>
        'toolCallId' in update && update.toolCallId === id ? [update.status] : [],
      );
      expect([states[0], states.at(-1)]).toEqual(['pending', 'completed']);
    }
    expect(existsSync(join(place.repo.path, 'a')) && existsSync(join(place.repo.path, 'b'))).toBe(true);
  });
});
