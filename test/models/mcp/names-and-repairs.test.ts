import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { repairedJson } from '../../../src/models/mcp/message-repair.ts';
import { isServerName, offeredMcpTools, type ServerTools } from '../../../src/models/mcp/tool-names.ts';
import type { McpServer } from '../../../src/storage/config/index.ts';

const server = (name: string, more: Partial<McpServer> = {}): McpServer => ({
  name,
  enabled: true,
  transport: {
    type: 'stdio',
    command: 'x',
    args: [],
    env: {},
    envVars: [],
    cwd: '/',
    sandbox: 'session',
    networkAccess: null,
  },
  startupTimeoutMs: 1,
  toolTimeoutMs: 1,
  enabledTools: null,
  disabledTools: [],
  tellsInstructions: false,
  approval: 'auto',
  toolApprovals: {},
  ...more,
});
const offered = (...servers: (readonly [server: McpServer, ...tools: string[]])[]) => {
  const collisions: string[] = [];
  const of = servers.map(
    ([each, ...tools]): ServerTools => ({ server: each, tools: tools.map((name) => ({ name, inputSchema: {} })) }),
  );
  const tools = offeredMcpTools(of, ({ server: from, name }) => collisions.push(`${from}/${name}`));
  return { tools, names: tools.map(({ qualifiedName }) => qualifiedName), collisions };
};

describe('the names of servers\u2019 tools', () => {
  it.each([
    ['get', 'mcp__s__get'],
    ['get-it_2', 'mcp__s__get-it_2'],
    ['get it', 'mcp__s__get_it'],
    ['größe', 'mcp__s__gr__e'],
    ['a/b.c:d', 'mcp__s__a_b_c_d'],
    ['', 'mcp__s__'],
    ['constructor', 'mcp__s__constructor'],
  ])('%j is offered as %s', (tool, name) => expect(offered([server('s'), tool]).names).toEqual([name]));

  it('have 64 characters of the plainest kind at most, are the same each time, and differ for different tools', () => {
    const name = fc.oneof(fc.string({ unit: 'binary', maxLength: 90 }), fc.stringMatching(/^[a-z_]{30,90}$/));
    fc.assert(
      fc.property(fc.uniqueArray(name, { maxLength: 6 }), (tools) => {
        const { names, collisions } = offered([server('notes'), ...tools]);
        for (const each of names) expect(each).toMatch(/^[a-zA-Z0-9_-]{1,64}$/);
        expect(new Set(names).size).toBe(names.length);
        expect(names.length + collisions.length).toBe(tools.length);
        expect(offered([server('notes'), ...tools]).names).toEqual(names);
      }),
    );
  });

  it('are sorted, whatever order the servers answer in', () => {
    const one = [server('b'), 'z', 'a'] as const;
    const two = [server('a'), 'y'] as const;
    expect(offered([...one], [...two]).names).toEqual(['mcp__a__y', 'mcp__b__a', 'mcp__b__z']);
    expect(offered([...two], [...one]).names).toEqual(offered([...one], [...two]).names);
  });

  it('that become the same are the first one\u2019s, and the other is reported', () => {
    const { names, tools, collisions } = offered([server('s'), 'a b', 'a_b']);
    expect(names).toEqual(['mcp__s__a_b']);
    expect(tools[0]?.name).toBe('a b');
    expect(collisions).toEqual(['s/a_b']);
  });

  it('are those that the user lets be used', () => {
    expect(offered([server('s', { enabledTools: ['a'] }), 'a', 'b']).names).toEqual(['mcp__s__a']);
    expect(offered([server('s', { disabledTools: ['a'] }), 'a', 'b']).names).toEqual(['mcp__s__b']);
    expect(offered([server('s', { enabledTools: ['a'], disabledTools: ['a'] }), 'a']).names).toEqual([]);
    expect(offered([server('s', { enabledTools: [] }), 'a']).names).toEqual([]);
  });

  it.each([
    ['notes', true],
    ['my-notes_2', true],
    ['my notes', false],
    ['a.b', false],
    ['', false],
    ['größe', false],
    ['a/b', false],
  ])('have the name of their server in them: %s: %s', (name, is) => expect(isServerName(name)).toBe(is));
});

describe('a malformed message of a server', () => {
  const repaired = (value: unknown) => repairedJson(JSON.stringify(value));

  it.each<[string, unknown]>([
    ['an answer', { jsonrpc: '2.0', id: 1, result: { a: 1 } }],
    ['a request', { jsonrpc: '2.0', id: 1, method: 'ping' }],
    ['a notification', { jsonrpc: '2.0', method: 'x', params: {} }],
    ['what is no message', { a: 1 }],
    ['a text', 'log line'],
    ['null', null],
    ['an answer to nobody', { jsonrpc: '2.0', id: null, result: {} }],
  ])('stays as it is where nothing is wrong with it, or nothing waits for it: %s', (_, message) => {
    expect(repaired(message)).toEqual(message);
  });

  it.each<[string, unknown, object]>([
    ['without its version', { id: 1, result: {} }, { result: {} }],
    ['of an older version', { jsonrpc: '1.0', id: 1, result: {} }, { result: {} }],
    ['with null beside the result', { jsonrpc: '2.0', id: 1, result: {}, error: null }, { result: {} }],
    [
      'without a result',
      { jsonrpc: '2.0', id: 1 },
      { error: { code: -32_603, message: 'its answer is not an object: nothing' } },
    ],
    ['with a text', { id: 1, result: 'done' }, { error: { message: 'its answer is not an object: "done"' } }],
    ['with a list', { id: 1, result: [1] }, { error: { message: 'its answer is not an object: [1]' } }],
    [
      'with an error of its own',
      { id: 1, error: { code: -1, message: 'no', data: 7 } },
      { error: { code: -1, message: 'no', data: 7 } },
    ],
    ['with an error without a code', { id: 1, error: { message: 'no' } }, { error: { code: -32_603, message: 'no' } }],
    ['with half a code', { id: 1, error: { code: 1.5, message: 'no' } }, { error: { code: -32_603 } }],
    [
      'with an error without words',
      { id: 1, error: { code: 5 } },
      { error: { code: 5, message: 'it answered with an error: {"code":5}' } },
    ],
    ['with a text for an error', { id: 1, error: 'boom' }, { error: { message: 'it answered with an error: "boom"' } }],
  ])('becomes an answer that can be read: %s', (_, message, wanted) => {
    expect(repaired(message)).toMatchObject({ jsonrpc: '2.0', id: 1, ...wanted });
  });

  it('is repaired within a batch', () => {
    expect(
      repaired([
        { id: 1, result: 3 },
        { jsonrpc: '2.0', method: 'x' },
      ]),
    ).toMatchObject([{ id: 1, error: { code: -32_603 } }, { method: 'x' }]);
  });

  it('is quoted no longer than a line', () => {
    const { error } = repaired({ id: 1, result: 'x'.repeat(10_000) }) as { error: { message: string } };
    expect(error.message.length).toBeLessThan(300);
  });

  it('that is nested too deep is an error of its request, and of nobody else', () => {
    const deep = `${'['.repeat(600)}${']'.repeat(600)}`;
    expect(repairedJson(`{"jsonrpc":"2.0","id":7,"result":{"a":${deep}}}`)).toMatchObject({
      id: 7,
      error: { message: expect.stringContaining('nested more than') },
    });
    expect(() => repairedJson(`{"method":"x","params":${deep}}`)).toThrow('nested more than');
    expect(() => repairedJson(deep)).toThrow('nested more than');
    expect(() => repairedJson('{')).toThrow(SyntaxError);
  });
});
