import { expect, test } from 'vitest';
import { byteLength } from '../../../../src/foundation/util/index.ts';
import type { RecordedRequest } from '../../../../src/testing/index.ts';
import { stdioServer } from '../../../support/mcp/settings.ts';
import { calls, mcpThreads, ok } from './mcp-thread.ts';

const current = mcpThreads();
const many = [stdioServer('forge', ['many'])];
const search = (query: string, id = 'search_1') => calls('tool_search', { query }, id);
const bytesOf = ({ tools }: RecordedRequest) => byteLength(JSON.stringify(tools));

test('300 tools cost the first request less than 2 KB: it names them, and they are found by what they do', async () => {
  const thread = current();
  await thread.open([ok], []);
  await thread.live.say('go');
  const without = bytesOf(thread.request(0));
  await thread.open([search('issue action 7'), calls('mcp__forge__issue_action_7', { project: 'p' }), ok], many);
  await thread.live.say('go');
  expect(bytesOf(thread.request(0)) - without).toBeLessThan(2_000);
  const tool = thread.request(0).tools.find(({ name }) => name === 'tool_search');
  expect(tool?.['description']).toMatch(/^forge \(300\): branch_action_1, .*, \.\.\.$/m);
  expect(thread.mcpNames(0)).toEqual([]);
  const found = String(thread.outputOf('search_1')).split('\n');
  expect(found[0]).toMatch(/^mcp__forge__issue_action_7: Does action 7 to one issue/);
  expect(found).toHaveLength(5);
  expect(thread.outputOf()).toContain('"issue_action_7: ');
});

test('what was found follows the other tools from the next request on, in the order it was found', async () => {
  const thread = current();
  const script = [search('team_action_2'), search('issue_action_7 mcp__forge__issue_action_7', 'search_2'), ok, ok];
  await thread.open(script, many);
  await thread.live.say('go');
  const [first, second, third] = [0, 1, 2].map((index) => thread.toolNames(index));
  expect(second?.slice(0, first?.length)).toEqual(first);
  expect(third?.slice(0, second?.length)).toEqual(second);
  expect(second?.[first?.length ?? 0]).toBe('mcp__forge__team_action_2');
  expect(third).toContain('mcp__forge__issue_action_7');
  expect(third).not.toContain('mcp__other__injected');
  await thread.live.say('again');
  expect(thread.toolNames(3)).toEqual(third);
  expect(JSON.stringify(thread.request(3).input)).not.toContain('tool list changed');
});

test('a resumed thread has what it found, also where the conversation was compacted since', async () => {
  const thread = current();
  await thread.open([search('team action 2'), ok, ok], many);
  await thread.live.say('go');
  const names = thread.toolNames(1);
  await thread.live.turn({ type: 'compact' });
  const { threadId: id } = thread.live.session;
  await thread.open([ok], many, { options: { canAsk: false, origin: { type: 'resume', id } } });
  await thread.live.say('again');
  expect(thread.toolNames(0)).toEqual(names);
});

test('a tool that was not found yet runs when it is called by its name', async () => {
  const thread = current();
  await thread.open([calls('mcp__forge__team_action_2', { project: 'p' }), ok], many);
  await thread.live.say('go');
  expect(thread.outputOf()).toContain('"team_action_2: ');
});

test('a search that finds nothing names what there is, and tools that are not allowed are not found', async () => {
  const thread = current();
  const settings = [...many, 'tools.disallowed=["mcp__forge__team_*"]'];
  await thread.open([search('zebra'), search('team action', 'search_2'), ok], settings);
  await thread.live.say('go');
  expect(thread.outputOf('search_1')).toMatch(/^No tool matches\. forge \(270\): /);
  expect(thread.outputOf('search_2')).not.toContain('team_action');
});

test('few tools are offered as they are, and the limit is a setting', async () => {
  const thread = current();
  await thread.open([ok], [stdioServer('notes')]);
  await thread.live.say('go');
  expect(thread.mcpNames(0).length).toBeGreaterThan(10);
  expect(thread.toolNames(0)).not.toContain('tool_search');
  await thread.open([ok], [stdioServer('notes'), 'mcp_tool_search_bytes=0']);
  await thread.live.say('go');
  expect([thread.mcpNames(0), thread.toolNames(0)]).toEqual([[], expect.arrayContaining(['tool_search'])]);
});
