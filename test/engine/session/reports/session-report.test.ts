import { expect, test } from 'vitest';
import type { SessionReport } from '../../../../src/engine/threads/index.ts';
import { functionCall, respond } from '../../../../src/testing/index.ts';
import { processesWith, until } from '../../../support/keel.ts';
import { stdioServer as stdio } from '../../../support/mcp/settings.ts';
import { calls, mcpThreads, ok } from '../environment/mcp-thread.ts';

const current = mcpThreads();

type ReportOf<T extends SessionReport['type']> = Extract<SessionReport, { type: T }>;

function report<T extends SessionReport['type']>(what: T) {
  const found = current().live.session.report(what);
  const isWanted = (one: SessionReport): one is ReportOf<T> => one.type === what;
  if (!isWanted(found)) throw new Error(`another report: ${found.type}`);
  return found;
}

test('the window: the parts are those of the next request, by kind and in bytes', async () => {
  const thread = current();
  await thread.open([calls('mcp__notes__echo', { text: 'hi' }), ok, ok], [stdio('notes')]);
  await thread.live.say('go');
  const before = report('context');
  const bytes = new Map(before.parts.map((part) => [part.kind, part.bytes]));
  expect([...bytes.keys()]).toEqual([
    'instructions',
    'tools',
    'mcpTools',
    'context',
    'userMessages',
    'answers',
    'calls',
    'outputs',
  ]);
  await thread.live.say('and');
  const { instructions, tools } = thread.request(2);
  const jsonBytes = (values: readonly unknown[]) =>
    Buffer.byteLength(values.map((one) => JSON.stringify(one)).join(''));
  const isOfServer = ({ name }: Readonly<Record<string, unknown>>) => thread.mcpNames(2).includes(String(name));
  expect(bytes.get('instructions')).toBe(Buffer.byteLength(instructions));
  expect(bytes.get('tools')).toBe(jsonBytes(tools.filter((tool) => !String(tool['name']).match(/mcp/))));
  expect(tools.filter(isOfServer)).not.toEqual([]);
  expect(before.countedTokens).toBeGreaterThan(0);
  const after = new Map(report('context').parts.map((part) => [part.kind, part.bytes]));
  expect(after.get('userMessages')).toBeGreaterThan(bytes.get('userMessages') ?? 0);
  expect(after.get('outputs')).toBe(bytes.get('outputs'));
});

test('the servers: one that runs with its tools, one that fails with the reason, one that is switched off', async () => {
  const thread = current();
  const broken = 'mcp_servers.broken={ command = "/no/such/program" }';
  const off = 'mcp_servers.off={ command = "/no/such/program", enabled = false }';
  await thread.open([ok], [stdio('notes', [], { enabled_tools: ['echo'] }), broken, off]);
  await thread.live.say('go');
  await until(() => report('mcpServers').servers.some(({ status }) => status.type === 'failed'));
  const { servers } = report('mcpServers');
  expect(servers).toEqual(
    expect.arrayContaining([
      { name: 'notes', status: { type: 'ready' }, tools: ['echo'] },
      { name: 'broken', status: { type: 'failed', reason: expect.stringContaining('/no/such/program') }, tools: [] },
      { name: 'off', status: { type: 'off' }, tools: [] },
    ]),
  );
});

test('a command that outlives its call is listed until it is stopped, and its processes are gone then', async () => {
  const thread = current();
  const start = functionCall('exec_command', { cmd: 'true; sleep 600', yield_time_ms: 300 }, 'c1');
  await thread.open([respond(start), ok], ['model="gpt-5.1-codex"']);
  await thread.live.say('go');
  const { commands } = report('commands');
  expect(commands).toEqual([{ id: expect.any(Number), command: expect.stringContaining('sleep 600') }]);
  expect(processesWith(thread.home.path)).not.toEqual([]);
  const { session } = thread.live;
  expect(await session.endCommands((commands[0]?.id ?? 0) + 1)).toBe(0);
  expect(await session.endCommands()).toBe(1);
  expect(report('commands').commands).toEqual([]);
  expect(processesWith(thread.home.path)).toEqual([]);
});
