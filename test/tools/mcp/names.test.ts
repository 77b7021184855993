import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { McpServer } from '../../../src/storage/config/index.ts';
import { ToolRegistry } from '../../../src/tools/contract/index.ts';
import { offeredName, withServerNames } from '../../../src/tools/mcp/property-names.ts';
import { withMcpTools } from '../../../src/tools/mcp/turn-tools.ts';
import { mcpRequirement } from '../../../src/tools/orchestrator/requirement.ts';
import { ToolTurn } from '../builtin/support.ts';

describe('the names of arguments', () => {
  it.each(['a', 'A_b-c.d', '_x', 'a'.repeat(64)])('stay where every provider takes them: %s', (name) => {
    expect(offeredName(name)).toBe(name);
  });

  it.each(['', '1a', 'a b', '$ref', '@type', 'größe', 'a'.repeat(65), '-a', '.a', 'a\0b', '😀'])(
    'are changed where one would not: %j',
    (name) => {
      expect(offeredName(name)).toMatch(/^[a-zA-Z_][a-zA-Z0-9_.-]{0,63}$/);
      expect(offeredName(name)).not.toBe(name);
    },
  );

  it('are sendable, the same each time, and never two of them one', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string({ unit: 'binary', maxLength: 80 }), { maxLength: 8 }), (names) => {
        const sent = names.map(offeredName);
        for (const name of sent) expect(name).toMatch(/^[a-zA-Z_][a-zA-Z0-9_.-]{0,63}$/);
        expect(new Set(sent).size).toBe(names.length);
        expect(names.map(offeredName)).toEqual(sent);
      }),
      { numRuns: 200 },
    );
  });

  it('reach the server as it knows them, at any depth', () => {
    const name = fc.constantFrom('a', 'x y', '@type', '__proto__', 'constructor', '$ref', 'größe');
    const tree = fc.letrec<{ tree: unknown }>((tie) => ({
      tree: fc.oneof(
        { depthSize: 'small' },
        fc.integer(),
        fc.string(),
        fc.array(tie('tree'), { maxLength: 2 }),
        fc.dictionary(name, tie('tree'), { maxKeys: 3 }),
      ),
    })).tree;
    const schemaOf = (value: unknown): object => {
      if (Array.isArray(value)) return { type: 'array', anyOf: value.map(schemaOf) };
      if (typeof value !== 'object' || value === null) return {};
      return {
        type: 'object',
        properties: Object.fromEntries(Object.entries(value).map(([key, one]) => [key, schemaOf(one)])),
      };
    };
    const sent = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(sent);
      if (typeof value !== 'object' || value === null) return value;
      return Object.fromEntries(Object.entries(value).map(([key, one]) => [offeredName(key), sent(one)]));
    };
    fc.assert(
      fc.property(tree, (args) => {
        expect(withServerNames(sent(args), schemaOf(args))).toEqual(args);
      }),
      { numRuns: 200 },
    );
  });

  it('are the very same object where nothing was renamed', () => {
    const args = { a: { b: [1] } };
    expect(withServerNames(args, { properties: { a: {} } })).toBe(args);
    expect(withServerNames(args, null)).toBe(args);
    expect(withServerNames(null, { properties: { 'x y': {} } })).toBeNull();
  });
});

describe('the setting of a tool', () => {
  /** How often the user was asked about two calls of a harmless tool whose server is set to ask about all of its tools. */
  async function asked(name: string, toolApprovals: McpServer['toolApprovals']): Promise<number> {
    const server: McpServer = {
      ...{ name: 's', enabled: true, startupTimeoutMs: 1, toolTimeoutMs: 1, enabledTools: null, disabledTools: [] },
      ...{ tellsInstructions: false, approval: 'prompt', toolApprovals },
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
    };
    const qualifiedName = `mcp__s__${name}`;
    const annotations = { destructiveHint: false, openWorldHint: false };
    const failed = { type: 'failed', cause: 'fault', message: 'gone' } as const;
    const { registry } = withMcpTools(new ToolRegistry(), {
      caller: {
        callTool: () => Promise.resolve(failed),
        listPage: () => Promise.resolve(failed),
        listEverywhere: () => Promise.resolve([]),
        readResource: () => Promise.resolve(failed),
      },
      hasResources: false,
      servers: [server],
      tools: [{ name, server: 's', qualifiedName, inputSchema: { type: 'object', properties: {} }, annotations }],
      isAllowed: () => true,
      kept: [],
      searchAboveBytes: 1_000_000,
    });
    const handler = registry.handler(qualifiedName);
    if (handler === null) throw new Error('it is not offered');
    const turn = new ToolTurn('/');
    await turn.call(handler, {});
    await turn.call(handler, {});
    return turn.asked.length;
  }

  it.each(['get', 'constructor', 'toString', '__proto__', 'hasOwnProperty', 'valueOf'])(
    'is that of its server, also where it is called like a part of every object: %s',
    async (tool) => {
      expect(await asked(tool, {})).toBe(2);
      expect(await asked(tool, Object.fromEntries([[tool, 'auto']]))).toBe(0);
    },
  );

  it('to ask is met whatever the tool says of itself', () => {
    for (const annotations of [{}, { readOnlyHint: true }, { destructiveHint: false, openWorldHint: false }]) {
      expect(mcpRequirement({ approvalPolicy: 'on-request', annotations, approval: 'prompt' }).type).toBe('ask');
      expect(mcpRequirement({ approvalPolicy: 'never', annotations, approval: 'prompt' }).type).toBe('forbid');
    }
  });
});
