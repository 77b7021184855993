import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ApprovalDecision, ApprovalRequest } from '../../../../src/foundation/protocol/index.ts';
import { decisionOf } from '../../../../src/surfaces/app-server/requests/decision.ts';

const plain: ApprovalRequest = {
  ...{ type: 'command', questionId: 'q', callId: 'c', command: ['ls'], cwd: '/', commandActions: [], reason: null },
  escalated: false,
};
const command: ApprovalRequest = { ...plain, proposedRule: { prefix: ['git', 'push'], wouldMatch: [] } };
const network: ApprovalRequest = {
  ...{ type: 'network', questionId: 'q', host: 'a.example', port: 443, protocol: 'https', reason: null },
  proposedRule: { host: 'a.example', protocol: 'https', wouldMatch: [] },
};
const change: ApprovalRequest = { type: 'fileChange', questionId: 'q', callId: 'c', changes: [], reason: null };
const tool: ApprovalRequest = {
  ...{ type: 'mcpToolCall', questionId: 'q', callId: 'c', server: 's', tool: 't', arguments: {}, reason: null },
};
const form: ApprovalRequest = {
  ...{ type: 'elicitation', questionId: 'q', server: 's', message: 'm', requestedSchema: {}, reason: null },
};
const page: ApprovalRequest = {
  ...{ type: 'elicitationUrl', questionId: 'q', server: 's', message: 'm', url: 'https://a/', reason: null },
};

const decide = (request: ApprovalRequest, result: unknown): ApprovalDecision =>
  decisionOf(request, { type: 'result', result });
const rule = (...prefix: string[]) => ({
  decision: { acceptWithExecpolicyAmendment: { execpolicy_amendment: prefix } },
});
const host = (name: string, action: string) => ({
  decision: { applyNetworkPolicyAmendment: { network_policy_amendment: { host: name, action } } },
});

test.each<[string, ApprovalRequest, unknown, ApprovalDecision]>([
  ['a command', command, { decision: 'accept' }, { type: 'approved' }],
  ['a command', command, { decision: 'acceptForSession' }, { type: 'approvedForSession' }],
  ['a command', command, { decision: 'decline' }, { type: 'denied' }],
  ['a command', command, { decision: 'cancel' }, { type: 'abort' }],
  ['a command', command, rule('git', 'push'), { type: 'approvedAndRemembered' }],
  ['a command', command, rule('git'), { type: 'denied' }],
  ['a command', command, rule('git', 'push', '-f'), { type: 'denied' }],
  ['a command', command, rule(), { type: 'denied' }],
  ['a command', command, host('a.example', 'allow'), { type: 'denied' }],
  ['a command without a proposal', plain, rule('git', 'push'), { type: 'denied' }],
  ['a host', network, { decision: 'accept' }, { type: 'approved' }],
  ['a host', network, host('a.example', 'allow'), { type: 'approvedAndRemembered' }],
  ['a host', network, host('b.example', 'allow'), { type: 'denied' }],
  ['a host', network, host('a.example', 'deny'), { type: 'denied' }],
  ['a host', network, rule('git', 'push'), { type: 'denied' }],
  ['a change', change, { decision: 'acceptForSession' }, { type: 'approvedForSession' }],
  ['a change', change, rule('git', 'push'), { type: 'denied' }],
  ['a tool', tool, { action: 'accept' }, { type: 'approved' }],
  ['a tool', tool, { action: 'accept', _meta: { persist: 'session' } }, { type: 'approvedForSession' }],
  ['a tool', tool, { action: 'accept', _meta: { persist: 'always' } }, { type: 'approved' }],
  ['a tool', tool, { action: 'accept', _meta: null }, { type: 'approved' }],
  ['a tool', tool, { action: 'cancel' }, { type: 'abort' }],
  ['a tool', tool, { decision: 'accept' }, { type: 'denied' }],
  ['a form', form, { action: 'accept' }, { type: 'approved' }],
  [
    'a form',
    form,
    { action: 'accept', content: { a: 1, b: ['x'] } },
    { type: 'approved', content: { a: 1, b: ['x'] } },
  ],
  ['a form', form, { action: 'accept', content: null }, { type: 'approved' }],
  ['a form', form, { action: 'accept', content: { a: {} } }, { type: 'denied' }],
  ['a form', form, { action: 'decline', content: { a: 1 } }, { type: 'denied' }],
  ['a form', form, { action: 'cancel' }, { type: 'abort' }],
  ['a page', page, { action: 'accept' }, { type: 'approved' }],
])('%s: %j answered with %j is %j', (_, request, result, decision) => {
  expect(decide(request, result)).toEqual(decision);
});

describe('whatever is no clear yes', () => {
  const requests = [plain, command, network, change, tool, form, page];

  test.each([
    undefined,
    null,
    {},
    [],
    'accept',
    true,
    { decision: 'yes' },
    { decision: null },
    { action: 'ok' },
    { decision: 'Accept' },
  ])('is a no: %j', (result) => {
    for (const request of requests) expect(decide(request, result)).toEqual({ type: 'denied' });
  });

  test('is a no where the client reports an error', () => {
    for (const request of requests)
      expect(decisionOf(request, { type: 'error', message: 'x' })).toEqual({ type: 'denied' });
  });

  test('is a no, whatever JSON it is', () => {
    fc.assert(
      fc.property(fc.constantFrom(...requests), fc.jsonValue(), (request, result) => {
        expect(decide(request, result)).toEqual({ type: 'denied' });
      }),
    );
  });
});
