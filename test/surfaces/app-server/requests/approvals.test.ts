import { describe, expect, test } from 'vitest';
import type { ApprovalDecision, ApprovalRequest } from '../../../../src/foundation/protocol/index.ts';
import { approvalRequest } from '../../../../src/surfaces/app-server/requests/approval-request.ts';
import { decisionOf } from '../../../../src/surfaces/app-server/requests/decision.ts';
import { schemaFault } from '../../../support/app-server/schema.ts';
import { QUESTIONS } from '../../../support/questions.ts';

const command: ApprovalRequest = {
  ...{
    type: 'command',
    questionId: 'q',
    callId: 'c',
    command: ['git', 'push'],
    cwd: '/w',
    reason: null,
    escalated: false,
  },
  commandActions: [{ type: 'unknown', command: 'git push' }],
  proposedRule: { prefix: ['git', 'push'], wouldMatch: [] },
};
const fileChange: ApprovalRequest = {
  type: 'fileChange',
  questionId: 'q',
  callId: 'c',
  changes: [],
  reason: 'outside',
};
const mcpToolCall: ApprovalRequest = {
  ...{ type: 'mcpToolCall', questionId: 'q', callId: 'c', server: 's', tool: 't', arguments: undefined, reason: null },
};
const network: ApprovalRequest = {
  ...{ type: 'network', questionId: 'q', host: 'example.com', port: 443, protocol: 'socks5', reason: null },
  proposedRule: { host: 'example.com', protocol: 'socks5', wouldMatch: [] },
};
const form: ApprovalRequest = {
  ...{ type: 'elicitation', questionId: 'q', server: 's', message: 'Which one?', reason: null },
  requestedSchema: {
    type: 'object',
    properties: {
      name: { type: 'string', title: 'Name', minLength: 1 },
      kind: { type: 'string', oneOf: [{ const: 'bug', title: 'A bug' }] },
      size: { type: 'integer', minimum: 1, default: 3 },
      now: { type: 'boolean' },
    },
    required: ['name'],
  },
};
const page: ApprovalRequest = {
  ...{
    type: 'elicitationUrl',
    questionId: 'q',
    server: 's',
    message: 'Sign in.',
    url: 'https://a.example/',
    reason: null,
  },
};
const questions: ApprovalRequest = {
  ...{ type: 'questions', questionId: 'q', callId: 'c', questions: QUESTIONS, reason: null },
};
const result = (value: unknown) => ({ type: 'result', result: value }) as const;
const amendCommand = (prefix: readonly string[]) =>
  result({ decision: { acceptWithExecpolicyAmendment: { execpolicy_amendment: prefix } } });
const amendNetwork = (host: string, action: string) =>
  result({ decision: { applyNetworkPolicyAmendment: { network_policy_amendment: { host, action } } } });

describe('approval requests', () => {
  test.each([command, fileChange, mcpToolCall, network, form, page].map((request) => [request.type, request] as const))(
    '%s fits the published schema, and names the child that asks',
    (_, request) => {
      const event = { type: 'approval.requested', turnId: 'u', threadId: 'child', agent: 'worker-1', request } as const;
      const { method, params } = approvalRequest('t', event);
      expect(schemaFault('serverRequests', method, params)).toBeNull();
      expect(params).toMatchObject({ threadId: 't', turnId: 'u' });
      expect(JSON.stringify(params)).toContain('worker-1');
    },
  );

  test('the model’s questions fit the published schema, and can be answered in the user’s own words', () => {
    const event = { type: 'approval.requested', turnId: 'u', threadId: 't', request: questions } as const;
    const { method, params } = approvalRequest('t', event);
    expect(method).toBe('item/tool/requestUserInput');
    expect(schemaFault('serverRequests', method, params)).toBeNull();
    expect(params).toMatchObject({ threadId: 't', turnId: 'u', itemId: 'c', isBlocking: true });
    expect(params).toMatchObject({ questions: QUESTIONS.map((one) => ({ ...one, isOther: true, isSecret: false })) });
  });

  test.each<[string, Parameters<typeof decisionOf>[1], ApprovalDecision]>([
    [
      'answers',
      result({ answers: { colour: { answers: ['Red'] }, size: { answers: [] } } }),
      { type: 'approved', content: { colour: ['Red'], size: [] } },
    ],
    ['no answers', result({ answers: {} }), { type: 'denied' }],
    ['answers of another form', result({ answers: { colour: 'Red' } }), { type: 'denied' }],
    ['a decision', result({ decision: 'accept' }), { type: 'denied' }],
    ['an error', { type: 'error', message: 'unknown method' }, { type: 'denied' }],
  ])('the reply %s to the model’s questions', (_, reply, decision) => {
    expect(decisionOf(questions, reply)).toEqual(decision);
  });

  test.each([
    ['accept', command, result({ decision: 'accept' }), 'approved'],
    ['acceptForSession', fileChange, result({ decision: 'acceptForSession' }), 'approvedForSession'],
    ['decline', command, result({ decision: 'decline' }), 'denied'],
    ['cancel', network, result({ decision: 'cancel' }), 'abort'],
    ['a page that was opened', page, result({ action: 'accept' }), 'approved'],
    ['a page that was not opened', page, result({ action: 'decline' }), 'denied'],
    ['an answer without an action', page, result({ url: 'https://a.example/' }), 'denied'],
    ['the rule that was proposed', command, amendCommand(['git', 'push']), 'approvedAndRemembered'],
    ['a wider rule', command, amendCommand(['git']), 'denied'],
    ['an empty rule', command, amendCommand([]), 'denied'],
    ['a rule for a host, of a command', command, amendNetwork('example.com', 'allow'), 'denied'],
    ['the host that was proposed', network, amendNetwork('example.com', 'allow'), 'approvedAndRemembered'],
    ['another host', network, amendNetwork('evil.example', 'allow'), 'denied'],
    ['a host that is to be refused', network, amendNetwork('example.com', 'deny'), 'denied'],
    ['an accepted form', mcpToolCall, result({ action: 'accept', content: null }), 'approved'],
    [
      'a form accepted for the session',
      mcpToolCall,
      result({ action: 'accept', _meta: { persist: 'session' } }),
      'approvedForSession',
    ],
    ['a declined form', mcpToolCall, result({ action: 'decline' }), 'denied'],
    ['a cancelled form', mcpToolCall, result({ action: 'cancel' }), 'abort'],
    ['a decision in place of a form', mcpToolCall, result({ decision: 'accept' }), 'denied'],
    ['nothing', fileChange, result(null), 'denied'],
    ['an error', command, { type: 'error', message: 'no' } as const, 'denied'],
  ])('%s is understood', (_, request, reply, type) => {
    expect(decisionOf(request, reply)).toEqual({ type });
  });
});
