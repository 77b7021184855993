import { once } from 'node:events';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { httpMcpServer } from '../../../support/mcp/http-server.ts';
import { mcpServer } from '../../../support/mcp/settings.ts';
import { RED_PNG } from '../../../support/mcp/tools.ts';
import { calls, mcpThreads, ok } from './mcp-thread.ts';

const current = mcpThreads();
const serverFile = join(import.meta.dirname, '../../../support/mcp/malformed-server.ts');

/** A server that answers as the script says; its limit is long enough that a test which waits for it fails. */
function odd(script: object, more: object = {}): string {
  return mcpServer('odd', {
    command: process.execPath,
    args: [serverFile, JSON.stringify(script)],
    tool_timeout_sec: 300,
    ...more,
  });
}

/** What the model is shown of a call that the server answers with `result`. */
async function shownFor(result: unknown): Promise<unknown> {
  return shownForLine(`{"jsonrpc":"2.0","id":$ID,"result":${JSON.stringify(result)}}`);
}

async function shownForLine(...call: readonly string[]): Promise<unknown> {
  const thread = current();
  await thread.open([calls('mcp__odd__odd'), ok], [odd({ call })]);
  await thread.live.say('go');
  return thread.outputOf();
}

describe('a malformed answer ends the call at once', () => {
  test.each([
    ['an error without a message', '"error":{"code":-1}', /it answered with an error: \{"code":-1\}/],
    ['an error whose code is a text', '"error":{"code":"E_BAD","message":"no licence"}', /no licence/],
    ['an error that is a text', '"error":"out of paper"', /out of paper/],
    ['a result that is null', '"result":null', /its answer is not an object: null/],
    ['a result that is a text', '"result":"hello"', /its answer is not an object: "hello"/],
    ['a list as result', '"result":[1]', /its answer is not an object: \[1\]/],
  ])('%s', async (_, fields, expected) => {
    expect(await shownForLine(`{"jsonrpc":"2.0","id":$ID,${fields}}`)).toMatch(expected);
  });

  test('an answer without the version of the protocol is an answer', async () => {
    expect(await shownForLine('{"id":$ID,"result":{"content":[{"type":"text","text":"old but true"}]}}')).toContain(
      'old but true',
    );
  });
});

describe('results lose nothing', () => {
  const picture = { type: 'image', data: RED_PNG, mimeType: 'image/png' };

  test('a picture beside structured content is a picture, and its bytes are not text as well', async () => {
    const large = { ...picture, data: RED_PNG.padEnd(4_000, 'A') };
    const shown = await shownFor({ content: [picture], structuredContent: { pictures: [large], n: 1 } });
    expect(shown).toEqual([
      { type: 'input_text', text: expect.stringMatching(/"data":"\[4000 characters of base64\]".*"n":1/) },
      { type: 'input_image', image_url: expect.stringMatching(/^data:image\/png;base64,/) },
    ]);
  });

  test('a picture keeps its place between texts, other parts are JSON, and an embedded picture is one', async () => {
    const link = { type: 'resource_link', uri: 'note://1', name: 'n' };
    const embedded = { type: 'resource', resource: { uri: 'x', mimeType: 'image/png', blob: RED_PNG } };
    const shown = await shownFor({ content: [{ type: 'text', text: 'before' }, picture, link, embedded] });
    expect(shown).toMatchObject([
      { text: 'before' },
      { type: 'input_image' },
      { text: JSON.stringify(link) },
      { type: 'input_image' },
    ]);
  });

  test('the texts of one result share one limit, pictures apart', async () => {
    const text = { type: 'text', text: 'line\n'.repeat(1_500) };
    const shown = await shownFor({ content: [text, picture, text, text] });
    expect(shown).toMatchObject([{ type: 'input_text' }, { type: 'input_image' }]);
    expect(JSON.stringify(shown).length).toBeLessThan(16_000);
  });

  test.each([
    ['a text', 'just a text', 'just a text'],
    ['one part', { type: 'text', text: 'one part' }, 'one part'],
    ['a list of texts', ['first', 'second'], 'second'],
    ['a part without a type', [{ text: 'untyped' }], 'untyped'],
  ])('content that is %s is passed on', async (_, content, expected) => {
    expect(JSON.stringify(await shownFor({ content }))).toContain(expected);
  });

  test('no content at all, and the result of the first version of the protocol', async () => {
    expect(await shownFor({ content: null, isError: 'no' })).toBe('[]');
    expect(await shownFor({ toolResult: { rows: 3 } })).toBe('{"rows":3}');
  });
});

describe('listings', () => {
  const tool = (name: unknown, more: object = {}) => ({ name, inputSchema: { type: 'object' }, ...more });

  test.each([
    ['null', [{ tools: [tool('a')], nextCursor: null }]],
    ['empty', [{ tools: [tool('a')], nextCursor: '' }]],
    ['the same for ever', [{ tools: [tool('a')], nextCursor: 'x' }]],
  ])('a cursor that is %s ends one, and its tools count', async (_, list) => {
    const thread = current();
    await thread.open([ok], [odd({ list })]);
    await thread.live.say('go');
    expect(thread.mcpNames(0)).toEqual(['mcp__odd__a']);
  });

  test('values that are no descriptions or hints cost nothing; what is left out is reported, once', async () => {
    const tools = [
      tool('a', { description: null, annotations: null }),
      tool('b', { description: 5, annotations: { readOnlyHint: 'yes', destructiveHint: true } }),
      tool(''),
      tool('c.d'),
      tool('c_d'),
    ];
    const thread = current();
    await thread.open([ok, ok], [odd({ list: [{ tools }] })]);
    await thread.live.say('go');
    await thread.live.say('again');
    expect(thread.mcpNames(0)).toEqual(['mcp__odd__a', 'mcp__odd__b', 'mcp__odd__c_d']);
    expect(thread.warnings()).toEqual([
      expect.stringMatching(
        /^MCP server odd: not offered to the model: .*it has no name.*c_d \(there is a mcp__odd__c_d/,
      ),
    ]);
  });
});

test('progress extends the limit of a call', async () => {
  const thread = current();
  const call = ['PROGRESS', '{"jsonrpc":"2.0","id":$ID,"result":{"content":[{"type":"text","text":"at last"}]}}'];
  await thread.open([calls('mcp__odd__odd'), ok], [odd({ call }, { tool_timeout_sec: 1.2 })]);
  await thread.live.say('go');
  expect(thread.outputOf()).toContain('at last');
});

describe('over HTTP', () => {
  test.each([
    [401, /wants you to sign in: run `keel mcp login web`, or set bearer_token_env_var/],
    [403, /refuses access \(HTTP 403\)/],
    [404, /no MCP server at its url \(HTTP 404\)/],
  ])('HTTP %i at the start is explained', async (status, expected) => {
    const server = createServer((request, response) => {
      request.resume();
      response.writeHead(status).end('go away');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const thread = current();
    await thread.open([ok], [mcpServer('web', { url: `http://127.0.0.1:${port}/mcp` })]);
    await thread.live.say('go');
    expect(thread.warnings()).toEqual([expect.stringMatching(expected)]);
    server.closeAllConnections();
    server.close();
  });

  test.each(['text/event-stream', 'application/json'])(
    'a malformed answer as %s ends the call at once',
    async (type) => {
      await using http = await httpMcpServer({
        callAnswer: { type, fields: '"error":{"code":"E","message":"no ink"}' },
      });
      const thread = current();
      await thread.open([calls('mcp__web__echo'), ok], [mcpServer('web', { url: http.url, tool_timeout_sec: 300 })]);
      await thread.live.say('go');
      expect(thread.outputOf()).toMatch(/no ink/);
    },
  );
});
