import { describe, expect, test } from 'vitest';
import type { ApprovalRequest } from '../../../../src/foundation/protocol/index.ts';
import {
  type AskedKinds,
  approvalPolicyOf,
  isAsked,
  WireApprovalPolicy,
  wireApprovalPolicy,
} from '../../../../src/surfaces/app-server/notifications/wire-policy.ts';
import { schemaFault } from '../../../support/app-server/schema.ts';

const command = (facts: object): ApprovalRequest => ({
  ...{ type: 'command', questionId: 'q', callId: 'c', command: ['x'], cwd: '/', commandActions: [], reason: null },
  ...{ escalated: false, ...facts },
});
const REQUESTS = {
  'a run outside the sandbox': command({ escalated: true }),
  'a command': command({}),
  'what a rule asks': command({ byRule: true }),
  'what a rule asks, outside the sandbox': command({ byRule: true, escalated: true }),
  'a file': { type: 'fileChange', questionId: 'q', callId: 'c', changes: [], reason: null },
  'a host': { type: 'network', questionId: 'q', host: 'a.example', port: 443, protocol: 'https', reason: null },
  'a tool': {
    ...{ type: 'mcpToolCall', questionId: 'q', callId: 'c', server: 's', tool: 't', arguments: {}, reason: null },
  },
  'a form': { type: 'elicitation', questionId: 'q', server: 's', message: 'm', requestedSchema: {}, reason: null },
  'a page': {
    ...{ type: 'elicitationUrl', questionId: 'q', server: 's', message: 'm', url: 'https://a.example/', reason: null },
  },
} as const satisfies Record<string, ApprovalRequest>;
const kinds = (...on: readonly string[]): AskedKinds => ({
  sandbox_approval: on.includes('sandbox'),
  rules: on.includes('rules'),
  mcp_elicitations: on.includes('mcp'),
  request_permissions: false,
  skill_approval: false,
});
const askedWith = (given: AskedKinds | null) =>
  Object.entries(REQUESTS).flatMap(([name, request]) => (isAsked(request, given) ? [name] : []));

describe('a granular approval policy', () => {
  test.each<[string, AskedKinds | null, readonly string[]]>([
    ['none at all', null, Object.keys(REQUESTS)],
    ['no kind', kinds(), []],
    ['rules', kinds('rules'), ['what a rule asks']],
    ['the sandbox', kinds('sandbox'), ['a run outside the sandbox', 'a command', 'a file', 'a host']],
    ['MCP servers', kinds('mcp'), ['a tool', 'a form', 'a page']],
    ['every kind', kinds('sandbox', 'rules', 'mcp'), Object.keys(REQUESTS)],
  ])('with %s asks what is of its kinds', (_, given, expected) => {
    expect(askedWith(given)).toEqual(expected);
  });

  test('is read and shown as the published schema has it', () => {
    const granular = { sandbox_approval: true, rules: false, mcp_elicitations: false };
    const params = { threadId: 't', input: [], approvalPolicy: { granular } };
    expect(schemaFault('requests', 'turn/start', params)).toBeNull();
    const policy = WireApprovalPolicy.parse({ granular });
    const shown = wireApprovalPolicy(approvalPolicyOf(policy), typeof policy === 'string' ? null : policy.granular);
    expect(schemaFault('requests', 'turn/start', { ...params, approvalPolicy: shown })).toBeNull();
    expect(shown).toEqual({ granular: { ...granular, request_permissions: false, skill_approval: false } });
  });

  test.each([
    [{ granular: { sandbox_approval: true, rules: true } }],
    [{ granular: { sandbox_approval: 'yes', rules: true, mcp_elicitations: true } }],
    [{ granular: {}, more: true }],
    ['always'],
    [{}],
  ])('is refused as %j, by keel and by the schema', (approvalPolicy) => {
    expect(WireApprovalPolicy.safeParse(approvalPolicy).success).toBe(false);
    expect(schemaFault('requests', 'turn/start', { threadId: 't', input: [], approvalPolicy })).not.toBeNull();
  });

  test('of another policy than on-request is its name, and one that the protocol does not have the next one', () => {
    expect(wireApprovalPolicy('never', kinds('mcp'))).toBe('never');
    expect(wireApprovalPolicy('on-failure')).toBe('on-request');
  });
});
