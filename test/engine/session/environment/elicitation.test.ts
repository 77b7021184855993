import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { ApprovalDecision, SessionEventOf } from '../../../../src/foundation/protocol/index.ts';
import { stdioServer } from '../../../support/mcp/settings.ts';
import { calls, mcpThreads, ok } from './mcp-thread.ts';

const current = mcpThreads();
const CALL_LIMIT_SEC = 1.5;
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
  const { request, output } = await asked({}, { type: 'approved', content }, CALL_LIMIT_SEC * 1_200);
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

describe('a page that a server asks to open', () => {
  const page = 'https://pay.example.com/order?id=7';

  test('is asked about with its whole address, and a yes says that it is opened, and no more', async () => {
    const { request, output } = await asked({ url: page }, { type: 'approved' });
    expect(request).toMatchObject({ type: 'elicitationUrl', server: 'notes', message: 'Who are you?', url: page });
    expect(output).toContain(JSON.stringify(JSON.stringify({ action: 'accept' })).slice(1, -1));
  });

  test.each([
    [{ type: 'denied' }, 'decline'],
    [{ type: 'abort' }, 'cancel'],
  ] as const)('%j is %s to the server', async (decision, action) => {
    const thread = current();
    await thread.open([calls('mcp__notes__ask', { url: page }), ok], notes, { options: { canAsk: true } });
    const { live } = thread;
    const turn = live.say('go');
    const { request } = await live.next('approval.requested');
    live.session.submit({ type: 'approval', questionId: request.questionId, decision });
    expect(await turn).toMatchObject({ status: decision.type === 'abort' ? 'interrupted' : 'completed' });
    if (action === 'decline') expect(String(thread.outputOf())).toContain(action);
  });

  test('has its host in ASCII, whatever letters it was written with', async () => {
    const { request } = await asked({ url: 'https://p\u0430y.example.com/' }, { type: 'denied' });
    expect(request).toMatchObject({ url: 'https://xn--py-7kc.example.com/' });
  });

  test.each(['javascript:alert(1)', 'file:///etc/passwd', 'https://pay.example.com@evil.example/'])(
    'that is none for a browser (%s) is declined unasked',
    async (url) => {
      const thread = current();
      await thread.open([calls('mcp__notes__ask', { url }), ok], notes, { options: { canAsk: true } });
      await thread.live.say('go');
      expect(String(thread.outputOf())).toContain('decline');
      expect(thread.live.events.filter(({ type }) => type === 'approval.requested')).toEqual([]);
    },
  );

  test.each([
    ['while its question waits is settled with a yes', 'unanswered'],
    ['after its turn is reported then', 'later'],
  ])('that the server reports as done %s', async (_, completes) => {
    const thread = current();
    const script = [calls('mcp__notes__ask', { url: page, completes }), ok];
    const live = await thread.open(script, notes, { options: { canAsk: true } });
    const turn = live.say('go');
    const { request } = await live.next('approval.requested');
    if (completes === 'later') {
      live.session.submit({ type: 'approval', questionId: request.questionId, decision: { type: 'approved' } });
    }
    await turn;
    expect(String(thread.outputOf())).toContain('accept');
    const { questionId } = request;
    expect(await live.next('elicitation.completed')).toEqual({
      ...{ type: 'elicitation.completed', questionId, server: 'notes' },
    });
    const types = live.events.map(({ type }) => type);
    expect(types.filter((type) => type === 'elicitation.completed')).toHaveLength(1);
    const end = completes === 'later' ? 'turn.completed' : 'approval.resolved';
    const isBehind = types.indexOf('elicitation.completed') > types.indexOf(end);
    expect(isBehind).toBe(completes === 'later');
    expect(live.events.find(({ type }) => type === 'approval.resolved')).toMatchObject({ decision: 'approved' });
  });

  test('that the user does not open stays shut, whatever the server reports of it', async () => {
    const thread = current();
    const script = [calls('mcp__notes__ask', { url: page, completes: 'later' }), ok];
    const live = await thread.open(script, notes, { options: { canAsk: true } });
    const turn = live.say('go');
    const { request } = await live.next('approval.requested');
    live.session.submit({ type: 'approval', questionId: request.questionId, decision: { type: 'denied' } });
    await turn;
    await live.next('elicitation.completed');
    expect(String(thread.outputOf())).toContain('decline');
  });

  test('is declined where nobody is', async () => {
    const thread = current();
    await thread.open([calls('mcp__notes__ask', { url: page }), ok], notes);
    await thread.live.say('go');
    expect(String(thread.outputOf())).toContain('decline');
  });
});
