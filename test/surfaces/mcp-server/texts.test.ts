import type { InputResponseView } from '@modelcontextprotocol/server';
import { describe, expect, test } from 'vitest';
import type { ApprovalRequest, SessionEventOf, ThreadItem } from '../../../src/foundation/protocol/index.ts';
import { progressText } from '../../../src/surfaces/mcp-server/progress-text.ts';
import { decisionOf, formOf } from '../../../src/surfaces/mcp-server/question.ts';
import { hasForms } from '../../../src/surfaces/mcp-server/run-mcp-server.ts';
import { flagsOf, NewThread, Reply } from '../../../src/surfaces/mcp-server/tool-forms.ts';
import { QUESTIONS } from '../../support/questions.ts';
import { agentCall, answer, command, fileChange, mcpCall, plan, thoughts, toolCall } from '../sample-items.ts';

describe('what the agent does', () => {
  test.each<[ThreadItem, string | null]>([
    [command(), 'runs npm test'],
    [fileChange(), 'changes /app/a.ts'],
    [
      fileChange({
        changes: [
          { path: '/a', kind: { type: 'add' }, diff: '' },
          { path: '/b', kind: { type: 'delete' }, diff: '' },
        ],
      }),
      'changes /a, /b',
    ],
    [mcpCall(), 'calls docs.search'],
    [toolCall(), 'calls read_file'],
    [{ type: 'webSearch', id: 'w', query: 'node', action: null }, 'searches for node'],
    [thoughts('x'), 'thinks'],
    [answer('x'), 'writes'],
    [plan({ step: 'a', status: 'pending' }), null],
    [agentCall(), null],
    [{ type: 'contextCompaction', id: 'c' }, null],
    [{ type: 'userMessage', id: 'u', content: [] }, null],
  ])('%j is "%s"', (item, text) => {
    expect(progressText(item)).toBe(text);
  });
});

describe('a question', () => {
  const ids = { questionId: 'q', callId: 'c', reason: null };
  const asked = (request: ApprovalRequest, agent?: string): string => {
    const event: SessionEventOf<'approval.requested'> = {
      ...({ type: 'approval.requested', turnId: 't', threadId: 'th', request } as const),
      ...(agent === undefined ? {} : { agent }),
    };
    const params: object = formOf(event).params ?? {};
    return 'message' in params ? String(params.message) : '';
  };
  const run: ApprovalRequest = {
    ...{ type: 'command', ...ids, command: ['rm', 'a b'], cwd: '/app', commandActions: [], escalated: false },
  };

  test.each<[ApprovalRequest, string]>([
    [run, "Run this command in /app?\n\nrm 'a b'\n"],
    [{ ...run, escalated: true }, "Run this command in /app, outside the sandbox?\n\nrm 'a b'\n"],
    [{ ...run, reason: 'It needs more.' }, "Run this command in /app?\n\nrm 'a b'\n\nReason: It needs more."],
    [
      {
        ...{ type: 'fileChange', ...ids },
        changes: [
          { path: '/a', kind: { type: 'add' }, diff: '' },
          { path: '/b', kind: { type: 'update', movePath: null }, diff: '' },
          { path: '/c', kind: { type: 'update', movePath: '/d' }, diff: '' },
          { path: '/e', kind: { type: 'delete' }, diff: '' },
        ],
      },
      'Make these changes?\n\nadd /a\nupdate /b\nupdate /c -> /d\ndelete /e\n',
    ],
    [
      { type: 'mcpToolCall', ...ids, server: 'docs', tool: 'write', arguments: { a: 1 } },
      'Call the tool write of the MCP server docs?\n\n{"a":1}\n',
    ],
    [
      { type: 'mcpToolCall', ...ids, server: 'docs', tool: 'write', arguments: undefined },
      'Call the tool write of the MCP server docs?\n\n\n',
    ],
    [
      { type: 'elicitation', questionId: 'q', server: 'docs', message: 'Which?', requestedSchema: {}, reason: null },
      'The MCP server docs asks: Which?\n',
    ],
    [
      { type: 'elicitationUrl', questionId: 'q', server: 'shop', message: 'Pay', url: 'https://a/', reason: null },
      'The MCP server shop asks you to open a page: Pay\n\nhttps://a/\n',
    ],
    [
      { type: 'network', questionId: 'q', host: 'a.example', port: 443, protocol: 'https', reason: null },
      'Let a command reach a.example:443 (https)?\n',
    ],
  ])('%j is asked as %j', (request, text) => {
    expect(asked(request)).toBe(text);
  });

  test('of a subagent says whose it is', () => {
    expect(asked(run, 'tests')).toMatch(/^Asked by the subagent tests\.\nRun this command/);
  });

  test('of a subagent’s model says whose it is', () => {
    expect(asked(questions, 'tests')).toMatch(/^Asked by the subagent tests\.\nThe agent asks:/);
  });

  test('has bounded arguments', () => {
    const text = asked({ type: 'mcpToolCall', ...ids, server: 's', tool: 't', arguments: { a: '漢'.repeat(9_000) } });
    expect(Buffer.byteLength(text)).toBeLessThan(2_200);
    expect(text.isWellFormed()).toBe(true);
  });

  test('can’t act on a terminal or hide its words', () => {
    const hostile = 'a\u001b[2J\u202eb\u0007';
    for (const text of [
      asked({ ...run, command: [hostile], cwd: hostile, reason: hostile }, hostile),
      asked({
        type: 'elicitation',
        questionId: 'q',
        server: hostile,
        message: hostile,
        requestedSchema: {},
        reason: null,
      }),
    ]) {
      expect(text).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u202e]/);
    }
  });

  const formFor = (requestedSchema: unknown): object => {
    const request = { type: 'elicitation', ...ids, server: 'docs', message: 'Which?', requestedSchema } as const;
    return formOf({ type: 'approval.requested', turnId: 't', threadId: 'th', request }).params ?? {};
  };
  const properties = {
    title: { type: 'string', title: 'Title', minLength: 1, maxLength: 80 },
    kind: { type: 'string', oneOf: [{ const: 'bug', title: 'A bug' }] },
    size: { type: 'integer', minimum: 1, maximum: 9, default: 3 },
    share: { type: 'number' },
    now: { type: 'boolean', default: true },
    tags: { type: 'array', items: { type: 'string', enum: ['a', 'b'] }, minItems: 1 },
  };

  test('of an MCP server has its fields, as it sent them', () => {
    const requestedSchema = { type: 'object', properties, required: ['title'] };
    expect(formFor(requestedSchema)).toEqual({
      ...{ mode: 'form', message: 'The MCP server docs asks: Which?\n', requestedSchema },
    });
  });

  test('of an MCP server says nothing that could act on a terminal, and takes values as they are', () => {
    const hostile = 'a\u001b[2J\u202eb';
    const field = { type: 'string', title: hostile, description: hostile, enum: [hostile], enumNames: [hostile] };
    const form = JSON.stringify(formFor({ type: 'object', properties: { field } }));
    expect(form.split('\\u001b')).toHaveLength(2);
    expect(form).toContain(JSON.stringify([hostile]));
  });

  test.each([
    undefined,
    null,
    'a form',
    [],
    {},
    { type: 'array' },
    { type: 'object', properties: { deep: { type: 'object', properties: {} } } },
    { type: 'object', properties: { any: {} } },
  ])('of an MCP server whose form no client could show (%j) has no fields', (schema) => {
    expect(formFor(schema)).toMatchObject({ requestedSchema: { type: 'object', properties: {} } });
  });

  test('is a form without fields: accepting it is the answer', () => {
    const form = formOf({ type: 'approval.requested', turnId: 't', threadId: 'th', request: run });
    expect(form).toMatchObject({ params: { requestedSchema: { type: 'object', properties: {} } } });
  });
});

const questions = {
  ...{ type: 'questions', questionId: 'q', callId: 'c', questions: QUESTIONS, reason: null },
} satisfies ApprovalRequest;

const network: ApprovalRequest = {
  ...{ type: 'network', questionId: 'q', host: 'a.example', port: 443, protocol: 'https', reason: null },
};

describe('an answer', () => {
  test.each<[InputResponseView, string]>([
    [{ kind: 'elicit', action: 'accept', content: {} }, 'approved'],
    [{ kind: 'elicit', action: 'decline' }, 'denied'],
    [{ kind: 'elicit', action: 'cancel' }, 'denied'],
    [{ kind: 'missing' }, 'denied'],
  ])('%j is %s', (response, type) => {
    expect(decisionOf(network, response)).toEqual({ type });
  });

  test.each<[InputResponseView, unknown]>([
    [
      { kind: 'elicit', action: 'accept', content: { answer_1: 'Red' } },
      { type: 'approved', content: { colour: 'Red' } },
    ],
    [{ kind: 'elicit', action: 'accept', content: {} }, { type: 'denied' }],
    [{ kind: 'elicit', action: 'decline' }, { type: 'denied' }],
    [{ kind: 'missing' }, { type: 'denied' }],
  ])('%j to the model’s questions is %j', (response, decision) => {
    expect(decisionOf(questions, response)).toEqual(decision);
  });

  const ofServer = {
    ...{ type: 'elicitation', questionId: 'q', server: 'docs', message: 'Which?', requestedSchema: {}, reason: null },
  } satisfies ApprovalRequest;

  test.each<[InputResponseView, unknown]>([
    [
      { kind: 'elicit', action: 'accept', content: { title: 'x', size: 5, now: false, tags: ['a'] } },
      { type: 'approved', content: { title: 'x', size: 5, now: false, tags: ['a'] } },
    ],
    [
      { kind: 'elicit', action: 'accept', content: {} },
      { type: 'approved', content: {} },
    ],
    [
      { kind: 'elicit', action: 'accept' },
      { type: 'approved', content: {} },
    ],
    [{ kind: 'elicit', action: 'decline' }, { type: 'denied' }],
    [{ kind: 'elicit', action: 'cancel' }, { type: 'denied' }],
    [{ kind: 'missing' }, { type: 'denied' }],
  ])('%j to a form of an MCP server is %j', (response, decision) => {
    expect(decisionOf(ofServer, response)).toEqual(decision);
  });

  test('to the model’s questions comes by a form with fields that can’t act on a terminal', () => {
    const hostile = QUESTIONS.map((one) => ({ ...one, question: 'a\u001b[2J\u202eb' }));
    const request = { ...questions, questions: hostile };
    const form = formOf({ type: 'approval.requested', turnId: 't', threadId: 'th', request });
    expect(form).toMatchObject({
      params: { requestedSchema: { properties: { answer_1: { enum: ['Blue', 'Red'] } } } },
    });
    expect(JSON.stringify(form)).not.toMatch(/\\u001b|\u202e/);
  });
});

describe('the arguments of a new thread', () => {
  test.each([
    [{ prompt: 'x' }, {}],
    [
      { prompt: 'x', model: 'gpt-5', profile: 'work' },
      { model: 'gpt-5', profile: 'work' },
    ],
    [{ prompt: 'x', effort: 'high' }, { effort: 'high' }],
    [{ prompt: 'x', sandbox: 'read-only' }, { sandboxMode: 'read-only' }],
    [{ prompt: 'x', 'approval-policy': 'never' }, { approvalPolicy: 'never' }],
    [{ prompt: 'x', 'developer-instructions': 'Be brief.' }, { instructions: 'Be brief.' }],
    [{ prompt: 'x', cwd: '/app', config: { a: 1 } }, {}],
  ])('%j are the settings %j', (args, flags) => {
    expect(flagsOf(NewThread.parse(args))).toEqual(flags);
  });

  test.each([
    {},
    { prompt: '' },
    { prompt: 7 },
    { prompt: 'x', sandbox: 'none' },
    { prompt: 'x', 'approval-policy': 'sometimes' },
    { prompt: 'x', effort: 'extreme' },
    { prompt: 'x', config: 'a=1' },
  ])('%j are refused', (args) => {
    expect(NewThread.safeParse(args).success).toBe(false);
  });

  test('of a reply are the thread and what to say', () => {
    expect(Reply.safeParse({ threadId: 't', prompt: 'x' }).success).toBe(true);
    for (const args of [{ prompt: 'x' }, { threadId: 't' }, { threadId: 't', prompt: '' }]) {
      expect(Reply.safeParse(args).success).toBe(false);
    }
  });
});

test.each<[unknown, boolean]>([
  [{ elicitation: {} }, true],
  [{ elicitation: { form: {} } }, true],
  [{ elicitation: { form: {}, url: {} } }, true],
  [{ elicitation: { url: {} } }, false],
  [{ elicitation: null }, false],
  [{ elicitation: true }, false],
  [{}, false],
  [undefined, false],
])('a client that says %j shows forms: %j', (capabilities, can) => {
  expect(hasForms(capabilities)).toBe(can);
});
