import { expect, test } from 'vitest';
import type { ThreadItemOf } from '../../../src/foundation/protocol/index.ts';
import { rowText } from '../../../src/surfaces/text/index.ts';
import { agentsRows } from '../../../src/surfaces/tui/view/agents-rows.ts';
import { Driver } from './driver.ts';

type Call = ThreadItemOf<'collabAgentToolCall'>;

function call(tool: Call['tool'], prompt: string | null, states: Call['agentsStates']): Call {
  const ids = Object.keys(states);
  const about = { senderThreadId: 'thread-1', receiverThreadIds: ids, agentsStates: states };
  return { type: 'collabAgentToolCall', id: `${tool}-${ids.join()}`, tool, status: 'completed', prompt, ...about };
}

function withTwo(): Driver {
  const driver = Driver.ready();
  driver.turn();
  driver.item(call('spawnAgent', 'note the tide', { 'agent-one': { status: 'running', message: null } }));
  driver.now += 5_000;
  driver.item(call('spawnAgent', 'count the boats', { 'agent-two': { status: 'running', message: null } }));
  driver.now += 60_000;
  return driver;
}

const shown = (driver: Driver) =>
  agentsRows({ ...driver.state, now: driver.now })
    .map(rowText)
    .join('\n');

test('17.8: /agents shows each subagent with its task, state, time and last word, in the order of their starts', () => {
  const driver = withTwo();
  const done = { status: 'completed', message: 'High at noon.' } as const;
  driver.item(call('wait', null, { 'agent-one': done }));
  driver.now += 30_000;
  driver.type('/agents');
  driver.key('enter');
  expect(driver.state.screen).toMatchObject({ type: 'pager', view: { content: { type: 'agents' } } });
  const text = shown(driver);
  expect(text).toMatch(/✔ gent-one {2}completed · 1m 05s\n {4}note the tide\n {2}└ High at noon\./);
  expect(text).toMatch(/● gent-two {2}running · 1m 30s\n {4}count the boats/);
  expect(text.indexOf('gent-one')).toBeLessThan(text.indexOf('gent-two'));
});

test('17.8: a subagent has the name that the model uses, with its role, and its model; a later word without them keeps both', () => {
  const driver = Driver.ready();
  driver.turn();
  const named = { name: 'reviewer-12', model: 'gpt-5-mini' };
  driver.item(call('spawnAgent', 'look at it', { 'agent-one': { status: 'running', message: null, ...named } }));
  driver.item(call('wait', null, { 'agent-one': { status: 'completed', message: 'Fine.' } }));
  expect(shown(driver)).toMatch(/✔ reviewer-12 {2}completed · 0s · gpt-5-mini\n/);
  expect(driver.rows().join('\n')).toContain('└ reviewer-12 running');
});

test('17.8: those that wait for the user are first, under their names', () => {
  const driver = withTwo();
  const request = { type: 'network', questionId: 'q', host: 'x.example', port: 443, protocol: 'https' } as const;
  const asked = { turnId: 't1', threadId: 'agent-two', agent: 'worker-2', request: { ...request, reason: null } };
  driver.event({ type: 'approval.requested', ...asked });
  expect(shown(driver)).toMatch(/^\? worker-2 waits for you: network/);
});

test('a subagent that works again has no end, and keeps its start and task', () => {
  const driver = withTwo();
  driver.item(call('wait', null, { 'agent-one': { status: 'completed', message: 'High.' } }));
  driver.item(call('sendInput', 'and the wind?', { 'agent-one': { status: 'running', message: null } }));
  const [first] = driver.state.agents;
  expect(first).toMatchObject({ status: 'running', task: 'note the tide', message: 'High.', endedAt: null });
});

test('a resumed thread has the subagents of its record, without times', () => {
  const driver = Driver.ready();
  const item = call('spawnAgent', 'note the tide', { 'agent-one': { status: 'closed', message: null } });
  const turn = { id: 't0', items: [item], status: 'completed', error: null } as const;
  const facts = { model: 'm', effort: null, cwd: '/home/ada/app', rolloutPath: null };
  driver.event({ type: 'thread.started', threadId: 'thread-2', ...facts, turns: [{ ...turn, items: [item] }] });
  expect(shown(driver)).toBe('○ gent-one  closed\n    note the tide\n');
});

test('a thread without subagents says so, and hostile names steer nothing', () => {
  expect(shown(Driver.ready())).toBe('This thread has no subagents.');
  const driver = Driver.ready();
  driver.turn();
  driver.item(call('spawnAgent', 'a\u001b[2Jb\nc', { x: { status: 'running', message: '\u001b]0;t\u0007' } }));
  expect(shown(driver)).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
});
