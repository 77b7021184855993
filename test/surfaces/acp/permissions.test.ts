import type { CreateElicitationRequest, RequestPermissionRequest } from '@agentclientprotocol/sdk';
import { describe, expect, test } from 'vitest';
import type { ApprovalRequest, SessionEventOf } from '../../../src/foundation/protocol/index.ts';
import { CallFeed } from '../../../src/surfaces/acp/items/call-feed.ts';
import { Permissions } from '../../../src/surfaces/acp/permissions/permissions.ts';
import { chosenReview } from '../../../src/surfaces/acp/prompt/review-choice.ts';
import { QUESTIONS } from '../../support/questions.ts';
import { type EditorOptions, editor } from './session-client.ts';

const command: ApprovalRequest = {
  type: 'command',
  questionId: 'q_1',
  callId: 'call_1',
  command: ['npm', 'test'],
  cwd: '/app',
  commandActions: [],
  reason: null,
  escalated: false,
};
const network: ApprovalRequest = {
  type: 'network',
  questionId: 'q_2',
  host: 'example.com',
  port: 443,
  protocol: 'https',
  reason: null,
};
const elicitation: ApprovalRequest = {
  type: 'elicitation',
  questionId: 'q_3',
  server: 'docs',
  message: 'Which one?',
  requestedSchema: {},
  reason: null,
};
const asks = (request: ApprovalRequest, agent?: string): SessionEventOf<'approval.requested'> => ({
  ...({ type: 'approval.requested', turnId: 't', threadId: 'thread_1', request } as const),
  ...(agent === undefined ? {} : { agent }),
});

async function answered(request: ApprovalRequest, answer: NonNullable<EditorOptions['answer']>, agent?: string) {
  const questions: RequestPermissionRequest[] = [];
  await using made = await editor({
    answer: (question) => {
      questions.push(question);
      return answer(question);
    },
  });
  const calls = new CallFeed({ client: made.session, prefix: '' });
  const decision = await new Permissions(made.session).ask(asks(request, agent), calls);
  return { decision, questions, updates: made.updates };
}

const chooses = (optionId: string) => () => ({ outcome: { outcome: 'selected' as const, optionId } });

describe('an answer', () => {
  test.each([
    ['allow', { type: 'approved' }],
    ['allow-session', { type: 'approvedForSession' }],
    ['reject', { type: 'denied', message: 'rejected by the user' }],
    ['something else', { type: 'denied', message: 'rejected by the user' }],
    ['', { type: 'denied', message: 'rejected by the user' }],
  ])('"%s" is %j', async (optionId, decision) => {
    expect((await answered(command, chooses(optionId))).decision).toEqual(decision);
  });

  test('that cancels aborts the turn', async () => {
    const { decision } = await answered(command, () => ({ outcome: { outcome: 'cancelled' } }));
    expect(decision).toEqual({ type: 'abort' });
  });

  test('that fails means no', async () => {
    const { decision } = await answered(command, () => {
      throw new Error('the window is gone');
    });
    expect(decision).toEqual({ type: 'denied', message: 'the client did not answer the question' });
  });

  test('of no to a host says whose', async () => {
    expect((await answered(network, chooses('reject'))).decision).toEqual({
      type: 'denied',
      message: 'the user said no',
    });
  });

  test('to a question about a host ends the call that asked', async () => {
    const { updates } = await answered(network, chooses('allow'));
    expect(updates.at(-1)).toMatchObject({ toolCallId: 'q_2', status: 'completed' });
    expect((await answered(network, chooses('reject'))).updates.at(-1)).toMatchObject({ status: 'failed' });
  });
});

describe('a question', () => {
  const kinds = (question: RequestPermissionRequest | undefined) => question?.options.map(({ kind }) => kind);

  test('offers each kind of answer once', async () => {
    const { questions } = await answered(command, chooses('allow'));
    expect(kinds(questions[0])).toEqual(['allow_once', 'allow_always', 'reject_once']);
  });

  test('of a server is answered once', async () => {
    const { questions } = await answered(elicitation, chooses('allow'));
    expect(kinds(questions[0])).toEqual(['allow_once', 'reject_once']);
  });

  test('names the call that it is about, and the subagent that asks', async () => {
    const { questions } = await answered(command, chooses('allow'));
    expect(questions[0]?.toolCall).toMatchObject({ toolCallId: 'call_1', title: 'npm test', status: 'pending' });
    const child = await answered(command, chooses('allow'), 'look at the tests');
    expect(child.questions[0]?.toolCall.title).toBe('look at the tests: npm test');
  });

  test('that is withdrawn is answered with no at once, and others stay open', async () => {
    const waits = Promise.withResolvers<{ outcome: { outcome: 'selected'; optionId: string } }>();
    const asked = Promise.withResolvers<void>();
    await using made = await editor({
      answer: ({ toolCall }) => {
        if (toolCall.toolCallId === 'q_2') asked.resolve();
        return waits.promise;
      },
    });
    const permissions = new Permissions(made.session);
    const calls = new CallFeed({ client: made.session, prefix: '' });
    const first = permissions.ask(asks(command), calls);
    const second = permissions.ask(asks(network), calls);
    await asked.promise;
    permissions.withdraw('q_2');
    permissions.withdraw('nobody');
    expect(await second).toEqual({ type: 'denied', message: 'the client did not answer the question' });
    waits.resolve({ outcome: { outcome: 'selected', optionId: 'allow' } });
    expect(await first).toEqual({ type: 'approved' });
  });
});

describe('the choice of a review', () => {
  const forms = { elicitation: { form: {} } };
  const signal = new AbortController().signal;

  test.each([
    ['uncommitted', { type: 'review', target: { type: 'uncommittedChanges' } }],
    ['commit', { type: 'review', target: { type: 'commit', sha: 'HEAD', title: null } }],
    ['nonsense', null],
  ])('"%s" is %j', async (change, op) => {
    await using made = await editor({ capabilities: forms, fill: () => ({ action: 'accept', content: { change } }) });
    expect(await chosenReview(made.session, signal)).toEqual(op);
  });

  test.each(['decline', 'cancel'] as const)('that is answered with %s starts none', async (action) => {
    await using made = await editor({ capabilities: forms, fill: () => ({ action }) });
    expect(await chosenReview(made.session, signal)).toBeNull();
  });

  test('is not asked of a client without forms: what is not committed is reviewed', async () => {
    await using made = await editor();
    expect(await chosenReview(made.session, signal)).toEqual({
      type: 'review',
      target: { type: 'uncommittedChanges' },
    });
  });

  test('has an option for each of its titles', async () => {
    let schema: unknown = null;
    await using made = await editor({
      capabilities: forms,
      fill: (form) => {
        schema = 'requestedSchema' in form ? form.requestedSchema : null;
        return { action: 'decline' };
      },
    });
    await chosenReview(made.session, signal);
    expect(schema).toMatchObject({
      required: ['change'],
      properties: { change: { oneOf: [{ const: 'uncommitted' }, { const: 'commit' }] } },
    });
  });
});

describe('files of the editor', () => {
  const fs = (readTextFile: boolean, writeTextFile: boolean) => ({ fs: { readTextFile, writeTextFile } });
  const signal = new AbortController().signal;

  test('are read and written by a client that can', async () => {
    const written: string[] = [];
    await using made = await editor({
      capabilities: fs(true, true),
      readFile: (path) => `text of ${path}`,
      writeFile: (path, text) => written.push(`${path}: ${text}`),
    });
    const documents = made.session.documents;
    expect(await documents?.read('/a.ts', signal)).toBe('text of /a.ts');
    expect(await documents?.write('/a.ts', 'new', signal)).toBe(true);
    expect(written).toEqual(['/a.ts: new']);
  });

  test('are keel’s own business where the client can do nothing with them', async () => {
    await using made = await editor();
    expect(made.session.documents).toBeNull();
  });

  test('are not asked for by what the client can’t do', async () => {
    await using reader = await editor({ capabilities: fs(true, false), readFile: () => 'x' });
    expect(await reader.session.documents?.write('/a', 'x', signal)).toBe(false);
    await using writer = await editor({ capabilities: fs(false, true) });
    expect(await writer.session.documents?.read('/a', signal)).toBeNull();
  });

  test('that the client refuses are left to the disk', async () => {
    await using made = await editor({ capabilities: fs(true, true) });
    expect(await made.session.documents?.read('/a', signal)).toBeNull();
    expect(await made.session.documents?.write('/a', 'x', signal)).toBe(false);
  });

  test('are not waited for once nobody wants them', async () => {
    await using made = await editor({ capabilities: fs(true, true), readFile: () => 'x' });
    expect(await made.session.documents?.read('/a', AbortSignal.abort())).toBeNull();
  });
});

describe('what a form can answer', () => {
  const questions: ApprovalRequest = {
    ...{ type: 'questions', questionId: 'q_5', callId: 'call_5', questions: QUESTIONS, reason: null },
  };
  const page: ApprovalRequest = {
    ...{
      type: 'elicitationUrl',
      questionId: 'q_4',
      server: 'shop',
      message: 'Pay.',
      url: 'https://a.example/',
      reason: null,
    },
  };
  const properties = {
    name: { type: 'string', title: 'Name', minLength: 1, enumNames: ['left out'] },
    kind: { type: 'string', oneOf: [{ const: 'bug', title: 'A bug' }] },
    size: { type: 'integer', minimum: 1, default: 3 },
    now: { type: 'boolean' },
    tags: { type: 'array', items: { type: 'string', enum: ['a', 'b'] } },
  };
  const form: ApprovalRequest = {
    ...{ type: 'elicitation', questionId: 'q_6', server: 'docs', message: 'Which one?', reason: null },
    requestedSchema: { type: 'object', properties, required: ['name'] },
  };
  const ELICITS = { elicitation: { form: {}, url: {} } };

  async function filled(
    request: ApprovalRequest,
    fill: NonNullable<EditorOptions['fill']>,
    capabilities: NonNullable<EditorOptions['capabilities']> = ELICITS,
    agent?: string,
  ) {
    const forms: CreateElicitationRequest[] = [];
    await using made = await editor({
      capabilities,
      answer: chooses('allow'),
      fill: (asked) => {
        forms.push(asked);
        return fill(asked);
      },
    });
    const calls = new CallFeed({ client: made.session, prefix: '' });
    return {
      decision: await new Permissions(made.session).ask(asks(request, agent), calls),
      forms,
      updates: made.updates,
    };
  }

  test('the model’s questions are a form, whose answers are theirs', async () => {
    const content = { answer_1: 'Red', other_2: 'huge' };
    const { decision, forms, updates } = await filled(questions, () => ({ action: 'accept', content }));
    expect(decision).toEqual({ type: 'approved', content: { colour: 'Red', size: 'huge' } });
    expect(forms).toMatchObject([
      {
        sessionId: 'session_1',
        mode: 'form',
        requestedSchema: { properties: { answer_1: { enum: ['Blue', 'Red'] } } },
      },
    ]);
    expect(updates).toEqual([]);
  });

  test.each<[string, NonNullable<EditorOptions['fill']>]>([
    ['declined', () => ({ action: 'decline' })],
    ['cancelled', () => ({ action: 'cancel' })],
    ['accepted empty', () => ({ action: 'accept', content: {} })],
    ['accepted without content', () => ({ action: 'accept' })],
    ['of an action that is none', () => ({ action: 'later' })],
  ])('a form of the model’s questions that is %s is no answer, and stops nothing', async (_, fill) => {
    expect((await filled(questions, fill)).decision).toEqual({ type: 'denied' });
  });

  test('a form that fails is no answer', async () => {
    const { decision } = await filled(questions, () => {
      throw new Error('the window is gone');
    });
    // A message would be the user's answer.
    expect(decision).toEqual({ type: 'denied' });
  });

  test.each([
    ['questions of the model', questions, /^Asked by the subagent tests\. The agent asks:/],
    ['form of a server', form, /^Asked by the subagent tests\. The MCP server docs asks/],
    ['page of a server', page, /^Asked by the subagent tests\. The MCP server shop asks/],
  ])('the %s that a subagent asks by says whose it is', async (_, request, message) => {
    const { forms } = await filled(request, () => ({ action: 'decline' }), ELICITS, 'tests');
    expect(forms[0]?.message).toMatch(message);
  });

  test('a field that was left empty may come as null', async () => {
    const { decision } = await filled(form, () => ({ action: 'accept', content: { name: 'keel', size: null } }));
    expect(decision).toEqual({ type: 'approved', content: { name: 'keel' } });
  });

  test('the form of an MCP server comes with its fields, and its answer reaches the server', async () => {
    const content = { name: 'keel', size: 5, now: true, tags: ['a'] };
    const { decision, forms } = await filled(form, () => ({ action: 'accept', content }));
    expect(decision).toEqual({ type: 'approved', content });
    const { enumNames: _, ...name } = properties.name;
    const requestedSchema = { type: 'object', properties: { ...properties, name }, required: ['name'] };
    expect(forms).toMatchObject([{ message: 'The MCP server docs asks: Which one?', requestedSchema }]);
  });

  test.each<[string, NonNullable<EditorOptions['fill']>, string]>([
    ['decline', () => ({ action: 'decline' }), 'denied'],
    ['cancel', () => ({ action: 'cancel' }), 'abort'],
  ])('to %s it is %s', async (_, fill, type) => {
    expect((await filled(form, fill)).decision).toEqual({ type });
    expect((await filled(page, fill)).decision).toEqual({ type });
  });

  test('a page of an MCP server is opened by the client that can', async () => {
    const { decision, forms } = await filled(page, () => ({ action: 'accept' }));
    expect(decision).toMatchObject({ type: 'approved' });
    expect(forms).toMatchObject([{ mode: 'url', url: 'https://a.example/', elicitationId: 'q_4' }]);
  });

  test.each<[string, NonNullable<EditorOptions['capabilities']>, readonly string[]]>([
    ['opens pages', ELICITS, ['q_4']],
    ['has forms only', { elicitation: { form: {} } }, []],
    ['can do neither', {}, []],
  ])(
    'a client that %s hears of pages that are done as far as it was asked to open them',
    async (_, capabilities, heard) => {
      await using made = await editor({ capabilities });
      await made.session.pageCompleted('q_4');
      await made.session.update({ sessionUpdate: 'session_info_update', title: 'behind it' });
      await expect.poll(() => made.updates.length).toBe(1);
      expect(made.completed).toEqual(heard);
    },
  );

  test.each<[string, ApprovalRequest, NonNullable<EditorOptions['capabilities']>]>([
    ['a form', form, {}],
    ['a form', form, { elicitation: { url: {} } }],
    [
      'a form of fields that the protocol does not have',
      { ...form, requestedSchema: { type: 'object', properties: { a: { type: 'object' } } } },
      ELICITS,
    ],
    ['a question without fields', { ...form, requestedSchema: { type: 'object', properties: {} } }, ELICITS],
    ['a page', page, { elicitation: { form: {} } }],
  ])('%s is a permission where the client has no form for it', async (_, request, capabilities) => {
    const { decision, forms } = await filled(request, () => ({ action: 'accept' }), capabilities);
    expect(forms).toEqual([]);
    expect(decision).toEqual({ type: 'approved' });
  });
});
