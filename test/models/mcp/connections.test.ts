import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { McpConnections } from '../../../src/models/mcp/index.ts';
import type { ServerLauncher } from '../../../src/models/mcp/launcher.ts';
import { MAX_MESSAGE_BYTES, StdioTransport } from '../../../src/models/mcp/stdio-transport.ts';
import { offeredMcpTools } from '../../../src/models/mcp/tool-names.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { serverNamed } from './support.ts';

function qualifiedName(server: string, name: string): string | undefined {
  return offeredMcpTools([{ server: serverNamed(server), tools: [{ name }] }], () => undefined)[0]?.qualifiedName;
}

const signal = new AbortController().signal;

test('T31: a name of 70 characters becomes one of 64, always the same; the first of two that collide counts', () => {
  const tool = 't'.repeat(70 - 'mcp__server__'.length);
  const name = qualifiedName('server', tool);
  expect(name).toHaveLength(64);
  expect(name).toMatch(/^mcp__server__ttttttttttt[0-9a-f]{40}$/);
  expect(qualifiedName('server', tool)).toBe(name);
  expect(qualifiedName('server', `${tool}t`)).not.toBe(name);
  expect(qualifiedName('my-server', 'do.it now')).toBe('mcp__my-server__do_it_now');
  const dropped: string[] = [];
  const offered = offeredMcpTools(
    [
      { server: serverNamed('a__b'), tools: [{ name: 'c' }, { name: 'a' }] },
      { server: serverNamed('a'), tools: [{ name: 'b__c', description: 'later' }] },
    ],
    ({ server }) => dropped.push(server),
  );
  expect(offered.map(({ qualifiedName: key, server }) => [key, server])).toEqual([
    ['mcp__a__b__a', 'a__b'],
    ['mcp__a__b__c', 'a__b'],
  ]);
  expect(dropped).toEqual(['a']);
});

test('what can\u2019t be held is not started: it is reported once, without secrets, and each call says so', async () => {
  using home = tempDir();
  const told: string[] = [];
  const launcher: ServerLauncher = {
    hasNetwork: () => true,
    launch: () => Promise.reject(new Error('no sandbox works here (sesame-open); install bubblewrap')),
  };
  const connections = new McpConnections({
    servers: [serverNamed('notes'), serverNamed('off', { enabled: false })],
    env: {},
    home: home.path,
    launcher,
    version: '0',
    startupWaitMs: 1_000,
    log: () => undefined,
    ask: () => Promise.resolve({ action: 'decline' }),
    onFailure: (message) => told.push(message),
  });
  connections.start();
  await connections.settled(signal);
  connections.start();
  const tool = { server: 'notes', name: 'x', qualifiedName: 'mcp__notes__x' };
  expect(await connections.callTool(tool, null, signal)).toEqual({
    type: 'failed',
    cause: 'unavailable',
    message: 'server notes is not available: no sandbox works here (***); install bubblewrap',
  });
  expect(told).toEqual(['MCP server notes could not be started: no sandbox works here (***); install bubblewrap']);
  expect(connections.tools()).toEqual({ tools: [], leftOut: [] });
  const disabled = serverNamed('notes', { disabledTools: ['x'] });
  const strict = new McpConnections({
    servers: [disabled],
    env: {},
    home: home.path,
    launcher,
    version: '0',
    startupWaitMs: 0,
    log: () => undefined,
    ask: () => Promise.resolve({ action: 'decline' }),
    onFailure: () => undefined,
  });
  expect(await strict.callTool(tool, null, signal)).toEqual({
    type: 'failed',
    cause: 'unavailable',
    message: "tool 'x' is disabled for MCP server 'notes'",
  });
  await connections.close();
  expect(await connections.callTool(tool, null, signal)).toMatchObject({ message: expect.stringContaining('closed') });
});

test('messages come whole however they are cut, other lines are reported, and one without end ends the server', async () => {
  const [input, output, errors] = [new PassThrough(), new PassThrough(), new PassThrough()];
  let ends = 0;
  const exit = Promise.withResolvers<string>();
  const transport = new StdioTransport({
    input,
    output,
    errors,
    ended: exit.promise,
    end: async () => {
      ends += 1;
    },
  });
  const got: unknown[] = [];
  const faults: string[] = [];
  const closed = Promise.withResolvers<void>();
  transport.onmessage = (message) => got.push(message);
  transport.onerror = (error) => faults.push(error.message);
  transport.onclose = closed.resolve;
  await transport.start();
  const message = { jsonrpc: '2.0', id: 1, result: { text: 'käse' } };
  for (const byte of Buffer.from(`hello\n\n${JSON.stringify(message)}\n`)) output.write(Buffer.of(byte));
  await transport.send({ jsonrpc: '2.0', id: 2, method: 'ping' });
  expect(String(input.read())).toBe('{"jsonrpc":"2.0","id":2,"method":"ping"}\n');
  expect(got).toEqual([message]);
  expect(faults).toEqual(['it printed a line that is no message']);
  const piece = Buffer.alloc(1024 * 1024, 'x');
  for (let size = 0; size <= MAX_MESSAGE_BYTES; size += piece.length) output.write(piece);
  await closed.promise;
  expect(ends).toBe(1);
  expect(faults.at(-1)).toMatch(/more than 16 MiB/);
});
