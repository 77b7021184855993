import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { ApprovalDecision, SessionEventOf } from '../../../../src/foundation/protocol/index.ts';
import { stdioServer } from '../../../support/mcp/settings.ts';
import { calls, mcpThreads, ok } from './mcp-thread.ts';

const current = mcpThreads();
const CALL_LIMIT_SEC = 0.6;
const notes = [stdioServer('notes', [], { default_tools_approval_mode: 'approve', tool_timeout_sec: CALL_LIMIT_SEC })];

/** Has a server ask in a turn, and answers. @returns what was asked, and what the server got */
async function asked(args: object, decision: ApprovalDecision, afterMs = 0) {
  const thread = current();
  const live = await thread.open([calls('mcp__notes__ask', args), ok], notes, { options: { canAsk: true } });
  const turn = live.say('go');
  const { request }: SessionEventOf<'approval.requested'> = await live.next('approval.requested');
  await delay(afterMs);
  live.session.submit({ type: 'approval', questionId: request.questionId, decision });
  await turn;
  return { request, output: String(thread.outputOf()) };
}

test('a server\u2019s question goes to the user, whose time does not count against the call', async () => {
  const content = { name: 'Ada' };
  const { request, output } = await asked({}, { type: 'approved', content }, CALL_LIMIT_SEC * 1_500);
  expect(request).toMatchObject({
    type: 'elicitation',
    server: 'notes',
    message: 'Who are you?',
    requestedSchema: { properties: { name: { type: 'string' } } },
  });
  expect(output).toContain(JSON.stringify(JSON.stringify({ action: 'accept', content })).slice(1, -1));
});

test('a no is a no to the server, and so is a yes that leaves out what the server needs', async () => {
  expect((await asked({}, { type: 'denied' })).output).toContain('decline');
  expect((await asked({ required: ['name'] }, { type: 'approved' })).output).toContain('decline');
});

test('what has a default need not be filled in', async () => {
  const properties = { name: { type: 'string', default: 'nobody' } };
  expect((await asked({ required: ['name'], properties }, { type: 'approved' })).output).toContain('nobody');
});
