import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ThreadItemOf } from '../../src/protocol/index.ts';
import {
  functionCall,
  type ModelServer,
  message,
  respond,
  type Script,
  startModelServer,
  usage,
} from '../../src/testing/index.ts';
import { processesWith, until } from '../support/keel.ts';
import { type HttpMcpServer, httpMcpServer } from '../support/mcp/http-server.ts';
import { mcpServer, stdioServer as stdio } from '../support/mcp/settings.ts';
import { type TestSession, type TestSessionOptions, testSession } from '../support/session.ts';
import { type TempDir, tempDir } from '../support/temp-dir.ts';

let home: TempDir;
let repo: TempDir;
let server: ModelServer;
let live: TestSession;

beforeEach(() => {
  home = tempDir();
  repo = tempDir();
});
afterEach(async () => {
  await live[Symbol.asyncDispose]();
  await server.close();
  expect(processesWith(home.path)).toEqual([]);
  home[Symbol.dispose]();
  repo[Symbol.dispose]();
});

async function open(
  script: Script,
  overrides: readonly string[],
  more: Partial<TestSessionOptions> = {},
): Promise<TestSession> {
  server = await startModelServer(script);
  const trusting = { options: { canAsk: false }, ...more };
  live = await testSession({ url: server.url, home: home.path, cwd: repo.path, overrides, ...trusting });
  return live;
}

const ok = respond(message('ok'), usage({ input: 10, output: 1 }));
const calls = (name: string, args: object = {}, id = 'call_1') =>
  respond(functionCall(name, args, id), usage({ input: 10, output: 1 }));
const toolNames = (index: number) => (server.requests[index]?.tools ?? []).map(({ name }) => String(name));
const mcpNames = (index: number) => toolNames(index).filter((name) => name.startsWith('mcp__'));
const outputOf = (id = 'call_1') => server.requests.at(-1)?.outputOf(id);
const warnings = () => live.events.flatMap((event) => (event.type === 'warning' ? [event.message] : []));
async function mcpItem(): Promise<ThreadItemOf<'mcpToolCall'>> {
  const { item } = await live.next('item.completed', ({ item: { type } }) => type === 'mcpToolCall');
  if (item.type !== 'mcpToolCall') throw new Error('another item');
  return item;
}

describe('tools', () => {
  test('a tool of a server is offered, called, told as an item, and answered', async () => {
    await open([calls('mcp__notes__echo', { text: 'hi' }), ok], [stdio('notes')]);
    await live.say('go');
    expect(outputOf()).toBe('[{"type":"text","text":"echo: hi"}]');
    const started = await live.next('item.started', ({ item }) => item.type === 'mcpToolCall');
    expect(started.item).toMatchObject({ id: 'call_1', status: 'inProgress', result: null, error: null });
    expect(await mcpItem()).toEqual({
      type: 'mcpToolCall',
      id: 'call_1',
      server: 'notes',
      tool: 'echo',
      status: 'completed',
      arguments: { text: 'hi' },
      result: { content: [{ type: 'text', text: 'echo: hi' }], structuredContent: null },
      error: null,
      durationMs: expect.any(Number),
    });
  });

  test('T31, model 11: names fit, are sorted, and two that collide are one', async () => {
    const long = 'mcp__notes__a_tool_with_fc1'.slice(0, 24);
    await open([ok, ok], [stdio('notes')]);
    await live.say('one');
    await live.say('two');
    const names = mcpNames(0);
    expect(names).toEqual([...names].sort());
    expect(names.every((name) => /^[a-zA-Z0-9_-]{1,64}$/.test(name))).toBe(true);
    expect(names.filter((name) => name === 'mcp__notes__dot_ted')).toHaveLength(1);
    expect(names.find((name) => name.startsWith(long))).toMatch(/^mcp__notes__a_tool_with_[0-9a-f]{40}$/);
    expect(JSON.stringify(server.requests[1]?.tools)).toBe(JSON.stringify(server.requests[0]?.tools));
    expect(mcpNames(0)).not.toContain('mcp__notes__hopeless');
  });

  test('T31: a tool that is switched off is not listed and refused when called', async () => {
    const some = stdio('notes', [], { enabled_tools: ['echo', 'fail'], disabled_tools: ['fail'] });
    await open([calls('mcp__notes__fail'), ok], [some]);
    await live.say('go');
    expect(mcpNames(0)).toEqual(['mcp__notes__echo']);
    expect(outputOf()).toBe('err: the tool mcp__notes__fail is not available now');
  });

  test('T34, model 35: a server\u2019s schemas become those of functions', async () => {
    await open([ok], [stdio('notes')]);
    await live.say('go');
    const tools = server.requests[0]?.tools ?? [];
    expect(tools.find(({ name }) => name === 'mcp__notes__enumerated')).toEqual({
      type: 'function',
      name: 'mcp__notes__enumerated',
      description: '',
      strict: false,
      parameters: {
        type: 'object',
        properties: { a: { type: 'string', enum: ['a'] }, b: { type: 'number' } },
      },
    });
    expect(tools.map(({ name }) => name)).not.toContain('mcp__notes__hopeless');
  });

  test('T33: pictures, structured content and failures reach the model as what they are', async () => {
    const script = [
      calls('mcp__notes__picture', {}, 'a'),
      calls('mcp__notes__structured', {}, 'b'),
      calls('mcp__notes__fail', {}, 'c'),
      calls('mcp__notes__broken_picture', {}, 'd'),
      ok,
    ];
    await open(script, [stdio('notes')]);
    await live.say('go');
    expect(outputOf('a')).toEqual([
      { type: 'input_text', text: 'red' },
      { type: 'input_image', image_url: expect.stringMatching(/^data:image\/png;base64,iVBOR/) },
    ]);
    expect(outputOf('b')).toBe('{"answer":42}');
    expect(outputOf('c')).toBe('[{"type":"text","text":"it went wrong"}]');
    const failed = await live.next('item.completed', ({ item }) => item.id === 'c');
    expect(failed.item).toMatchObject({ status: 'failed', error: null });
    expect(JSON.stringify(outputOf('d'))).toContain('An image could not be shown');
  });

  test('a long result is cut between its lines, and the whole of it is in a file that is named', async () => {
    await open([calls('mcp__notes__long'), ok], [stdio('notes')]);
    await live.say('go');
    const output = String(outputOf());
    expect(output).toMatch(/^Total output lines: 5000\n\nline 1\n/);
    expect(output).toContain('line 5000');
    const path = /bytes are in (\S+);/.exec(output)?.[1] ?? '';
    expect(readFileSync(path, 'utf8').split('\n')).toHaveLength(5_000);
  });

  test('arguments that are no JSON object are answered, and nothing is told as begun', async () => {
    const bad = respond(
      functionCall('mcp__notes__echo', '{"text": ', 'a'),
      functionCall('mcp__notes__echo', '[1]', 'b'),
    );
    await open([bad, ok], [stdio('notes')]);
    await live.say('go');
    expect(outputOf('a')).toMatch(/^err: the JSON text ends too early/);
    expect(outputOf('b')).toBe('err: the arguments are not an object');
    const begun = live.events.filter((event) => event.type === 'item.started' && event.item.type === 'mcpToolCall');
    expect(begun).toEqual([]);
  });

  test('a question of a server is declined', async () => {
    await open([calls('mcp__notes__ask'), ok], [stdio('notes')]);
    await live.say('go');
    expect(outputOf()).toBe(JSON.stringify([{ type: 'text', text: '{"action":"decline"}' }]));
  });

  test('an error of a server is told as one line, cut, and without what it was given in confidence', async () => {
    await open([calls('mcp__notes__protest'), ok], [stdio('notes', [], { env: { MCP_SECRET: 'sesame-open' } })]);
    await live.say('go');
    expect(outputOf()).toMatch(/^err: tool call error: .*no \[31m \*{5}!+$/);
    expect(String(outputOf()).length).toBeLessThan(1_100);
    expect((await mcpItem()).error?.message).not.toContain('sesame');
  });

  test('calls that only read run side by side', async () => {
    const both = respond(functionCall('mcp__notes__meet', {}, 'a'), functionCall('mcp__notes__meet', {}, 'b'));
    await open([both, ok], [stdio('notes', [], { tool_timeout_sec: 5 })]);
    await live.say('go');
    expect([outputOf('a'), outputOf('b')].map((output) => String(output))).toEqual(
      Array(2).fill(expect.stringContaining('met')),
    );
  });

  test('a server made with the protocol\u2019s own library', async () => {
    const script = [
      calls('mcp__library__add', { a: 2, b: 3 }, 'a'),
      calls('mcp__library__add', { a: 'two' }, 'b'),
      calls('read_mcp_resource', { server: 'library', uri: 'motto://1' }, 'c'),
      ok,
    ];
    const file = join(import.meta.dirname, '../support/mcp/library-server.ts');
    await open(script, [mcpServer('library', { command: process.execPath, args: [file] })]);
    await live.say('go');
    expect(server.requests[0]?.tools.find(({ name }) => name === 'mcp__library__add')).toMatchObject({
      description: 'Adds two numbers.',
      parameters: {
        type: 'object',
        required: ['a'],
        properties: { a: { type: 'number' }, b: { type: 'number', description: 'Absent: 1.' } },
      },
    });
    expect(outputOf('a')).toBe('{"sum":5}');
    expect(outputOf('b')).toMatch(/expected number/);
    expect(outputOf('c')).toContain('Festina lente.');
  });
});

describe('servers that start late, badly or not at all', () => {
  test('T32, M1: one that hangs is told after its time, others are of use', async () => {
    const hanging = stdio('deaf', ['hang'], { startup_timeout_sec: 0.7 });
    await open([calls('mcp__notes__echo', { text: 'x' }), ok], [hanging, stdio('notes')]);
    await live.say('go');
    expect(outputOf()).toContain('echo: x');
    expect(warnings()).toEqual([
      'MCP server deaf could not be started: it did not answer within 0.7 s (startup_timeout_sec)',
    ]);
    expect(live.events[0]?.type).toBe('thread.started');
    expect(mcpNames(0).every((name) => name.startsWith('mcp__notes__'))).toBe(true);
  });

  test('why one ended is told with what it said, without what it was given in confidence', async () => {
    const quitting = stdio('quitter', ['exit'], { env: { MCP_SECRET: 'sesame-open' } });
    await open([ok], [quitting, stdio('gone', [], { command: '/nowhere/server' }), stdio('"a b"')]);
    await live.say('go');
    const told = warnings().sort();
    expect(told).toEqual([
      'MCP server a b could not be started: its name may have letters, digits, - and _ only',
      expect.stringMatching(/^MCP server gone could not be started: \/nowhere\/server can't be started: .*ENOENT/),
      'MCP server quitter could not be started: it ended with exit code 3: no licence found',
    ]);
    const log = readFileSync(join(home.path, 'log', 'keel.log'), 'utf8');
    expect(log).toContain('MCP server quitter: started with *****');
    expect(log).not.toContain('sesame-open');
  });

  test('lines that are no messages are passed over', async () => {
    await open([calls('mcp__notes__echo', { text: 'x' }), ok], [stdio('notes', ['garbage'])]);
    await live.say('go');
    expect(outputOf()).toContain('echo: x');
    expect(warnings()).toEqual([]);
  });

  test('P28: one that appears late changes nothing of the running turn; the next has its tools, with one note', async () => {
    await open([calls('update_plan', { plan: [] }), ok, ok, ok], [stdio('notes', ['slow']), 'mcp_startup_wait_sec=0']);
    await live.say('one');
    expect([mcpNames(0), mcpNames(1)]).toEqual([[], []]);
    await until(() => existsSync(join(home.path, 'cache', 'mcp', 'notes.json')));
    await live.say('two');
    await live.say('three');
    const notes = server.requests[3]?.textsOf('user').filter((text) => text.includes('keel_note'));
    expect(notes).toEqual([
      expect.stringMatching(
        /^<keel_note kind="tools">The tool list changed: added mcp__notes__a_tool.*; removed nothing\.</,
      ),
    ]);
    expect(mcpNames(2)).toEqual(mcpNames(3));
    expect(mcpNames(2)).toContain('mcp__notes__echo');
  });

  test('a list that changes while a turn runs is taken up by the next', async () => {
    await open([calls('mcp__notes__grow'), ok, ok], [stdio('notes')]);
    await live.say('one');
    expect(mcpNames(1)).not.toContain('mcp__notes__new_one');
    await until(() => readFileSync(join(home.path, 'cache', 'mcp', 'notes.json'), 'utf8').includes('new_one'));
    await live.say('two');
    expect(mcpNames(2)).toContain('mcp__notes__new_one');
    expect(server.requests[2]?.textsOf('user').at(-2)).toBe(
      '<keel_note kind="tools">The tool list changed: added mcp__notes__new_one; removed nothing.</keel_note>',
    );
  });

  test('what a server listed last is offered at once, and a call waits for it', async () => {
    const overrides = [stdio('notes', ['slow'])];
    await open([ok], overrides);
    await live.say('one');
    const known = mcpNames(0);
    await live[Symbol.asyncDispose]();
    await server.close();
    await open([calls('mcp__notes__echo', { text: 'x' }), ok], overrides);
    const begun = performance.now();
    await live.say('two');
    const firstRequestMs = (server.requests[0]?.arrivedAt ?? 0) - (performance.timeOrigin + begun);
    expect(firstRequestMs).toBeLessThan(400);
    expect(mcpNames(0)).toEqual(known);
    expect(outputOf()).toContain('echo: x');
  });

  test('T32: a call that takes longer than it may is told with its limit, and the server is of use afterwards', async () => {
    const script = [calls('mcp__notes__sleep', { ms: 20_000 }, 'a'), calls('mcp__notes__echo', { text: 'x' }, 'b'), ok];
    await open(script, [stdio('notes', [], { tool_timeout_sec: 0.3 })]);
    await live.say('go');
    expect(outputOf('a')).toBe('err: tool call error: no answer within 0.3 s (tool_timeout_sec of MCP server notes)');
    expect(outputOf('b')).toContain('echo: x');
  });

  test('T32: one that crashes in a call is told, and started again for the next', async () => {
    const script = [calls('mcp__notes__crash', {}, 'a'), ok, calls('mcp__notes__echo', { text: 'x' }, 'b'), ok];
    await open(script, [stdio('notes')]);
    expect(await live.say('one')).toMatchObject({ status: 'completed' });
    expect(outputOf('a')).toMatch(/^err: tool call error: the connection to MCP server notes was lost/);
    expect((await mcpItem()).error?.message).toMatch(/was lost/);
    await live.say('two');
    expect(outputOf('b')).toContain('echo: x');
    expect(mcpNames(2)).toEqual(mcpNames(0));
  });

  test('a tool of a server that can no longer be started says so', async () => {
    const overrides = [stdio('notes', ['once', join(home.path, 'starts')], { startup_timeout_sec: 0.5 })];
    await open([ok], overrides);
    await live.say('one');
    await live[Symbol.asyncDispose]();
    await server.close();
    await open([calls('mcp__notes__echo', { text: 'x' }), ok, ok], overrides);
    await live.say('two');
    expect(outputOf()).toBe('err: server notes is not available: it did not answer within 0.5 s (startup_timeout_sec)');
    await live.say('three');
    expect(mcpNames(2)).toEqual([]);
    expect(warnings()).toHaveLength(1);
  });

  test('a session that is closed while its server starts does not wait for it', async () => {
    await open([], [stdio('deaf', ['hang'])]);
    await until(() => processesWith(home.path).length > 0);
    const begun = performance.now();
    await live[Symbol.asyncDispose]();
    expect(performance.now() - begun).toBeLessThan(2_000);
    expect(warnings()).toEqual([]);
  });

  test('an interrupt ends the wait for a server that is not there yet', async () => {
    await open([ok], [stdio('deaf', ['hang'])]);
    const turn = live.say('one');
    await live.next('turn.started');
    live.session.submit({ type: 'interrupt' });
    expect(await turn).toMatchObject({ status: 'interrupted' });
    expect(server.requests).toHaveLength(0);
  });

  test('a thread that is taken up again has the same tools in the same bytes, and no note of them', async () => {
    await open([ok], [stdio('notes')]);
    await live.say('one');
    const { threadId: id } = live.session;
    const before = JSON.stringify(server.requests[0]?.tools);
    await live[Symbol.asyncDispose]();
    await server.close();
    await open([ok, ok], [stdio('notes')], { options: { canAsk: false, origin: { type: 'resume', id } } });
    await live.say('two');
    expect(JSON.stringify(server.requests[0]?.tools)).toBe(before);
    expect(server.requests[0]?.textsOf('user').filter((text) => text.includes('keel_note'))).toEqual([]);
    await live[Symbol.asyncDispose]();
    await server.close();
    await open([ok], [], { options: { canAsk: false, origin: { type: 'resume', id } } });
    await live.say('three');
    expect(server.requests[0]?.textsOf('user').at(-2)).toMatch(/added nothing; removed mcp__notes__a_tool/);
  });

  test('an interrupted call is answered as such and the session goes on', async () => {
    await open([calls('mcp__notes__sleep', { ms: 60_000 }), ok], [stdio('notes')]);
    const turn = live.say('one');
    await live.next('item.started', ({ item }) => item.type === 'mcpToolCall');
    live.session.submit({ type: 'interrupt' });
    expect(await turn).toMatchObject({ status: 'interrupted' });
    expect((await mcpItem()).status).toBe('failed');
    await live.say('two');
    expect(outputOf()).toMatch(/abort/);
  });
});

describe('resources', () => {
  const resourceNames = ['list_mcp_resources', 'list_mcp_resource_templates', 'read_mcp_resource'];

  test('P7: without a server that has any, no tool for them is offered', async () => {
    await open([ok], [stdio('notes')]);
    await live.say('go');
    expect(toolNames(0).filter((name) => name.includes('resource'))).toEqual([]);
  });

  test('with one they are listed by page and as a whole, and read', async () => {
    const script = [
      calls('list_mcp_resources', {}, 'a'),
      calls('list_mcp_resources', { server: 'shelf' }, 'b'),
      calls('list_mcp_resource_templates', {}, 'c'),
      calls('read_mcp_resource', { server: 'shelf', uri: 'note://1' }, 'd'),
      calls('list_mcp_resources', { cursor: 'x' }, 'e'),
      calls('read_mcp_resource', { server: ' ', uri: 'note://1' }, 'f'),
      calls('read_mcp_resource', { server: 'nobody', uri: 'note://1' }, 'g'),
      ok,
    ];
    await open(script, [stdio('shelf', ['bare']), stdio('notes')]);
    await live.say('go');
    expect(toolNames(0).filter((name) => name.includes('resource'))).toEqual(resourceNames);
    const parsed = (id: string): unknown => JSON.parse(String(outputOf(id)));
    const [one, two] = ['one', 'two'].map((name, n) => ({ server: 'shelf', uri: `note://${n + 1}`, name }));
    expect(parsed('a')).toEqual({ resources: [one, two] });
    expect(parsed('b')).toEqual({ server: 'shelf', resources: [one], nextCursor: 'second' });
    expect(parsed('c')).toMatchObject({ resourceTemplates: [{ server: 'shelf', name: 'notes' }] });
    expect(parsed('d')).toMatchObject({ server: 'shelf', uri: 'note://1', contents: [{ uri: 'note://1' }] });
    expect(outputOf('e')).toBe('cursor can only be used when a server is specified');
    expect(outputOf('f')).toBe('server must be provided');
    expect(outputOf('g')).toBe("err: unknown MCP server 'nobody'");
    expect((await mcpItem()).server).toBe('keel');
  });
});

describe('approval', () => {
  const asking = { options: { canAsk: true } };

  test('a tool that only reads is not asked about, any other is; a yes for the session holds', async () => {
    const script = [
      calls('mcp__notes__echo', { text: 'x' }, 'a'),
      calls('mcp__notes__fail', {}, 'b'),
      calls('mcp__notes__fail', { again: true }, 'c'),
      calls('mcp__notes__wipe', {}, 'd'),
      ok,
    ];
    await open(script, [stdio('notes')], asking);
    const turn = live.say('go');
    const first = await live.next('approval.requested');
    expect(first.request).toEqual({
      type: 'mcpToolCall',
      callId: 'b',
      server: 'notes',
      tool: 'fail',
      arguments: {},
      reason: 'the tool may change things',
    });
    live.session.submit({ type: 'approval', callId: 'b', decision: { type: 'approvedForSession' } });
    await live.next('approval.requested', ({ request }) => request.callId === 'd');
    live.session.submit({ type: 'approval', callId: 'd', decision: { type: 'denied', message: 'keep it' } });
    await turn;
    expect(live.events.filter(({ type }) => type === 'approval.requested')).toHaveLength(2);
    expect(outputOf('c')).toContain('it went wrong');
    expect(outputOf('d')).toBe("tool call rejected by user\nThe user's reason: keep it");
    const declined = await live.next('item.completed', ({ item }) => item.id === 'd');
    expect(declined.item).toMatchObject({ status: 'declined', error: { message: expect.any(String) } });
  });

  test('where nobody can be asked, only what says that it destroys is held back, unless the user allows it', async () => {
    const script = [calls('mcp__notes__wipe', {}, 'a'), calls('mcp__free__wipe', {}, 'b'), ok];
    const free = stdio('free', [], { tools: { wipe: { approval_mode: 'approve' } } });
    await open(script, [stdio('notes'), free]);
    await live.say('go');
    expect(outputOf('a')).toMatch(/^rejected: this tool needs approval, and the approval policy is Never/);
    expect(outputOf('b')).toContain('wiped');
  });
});

describe('what a server is given and held to', () => {
  test('its environment is what it is given, nothing of keel\u2019s own', async () => {
    const given = stdio('notes', [], { env: { TOKEN_OF_MINE: 'abc' }, env_vars: ['OPENAI_BASE_URL'] });
    await open([calls('mcp__notes__environment'), ok], [given]);
    await live.say('go');
    const { result } = await mcpItem();
    const env: unknown = JSON.parse(String(Object(result?.content[0]).text));
    expect(env).toMatchObject({ TOKEN_OF_MINE: 'abc', OPENAI_BASE_URL: server.url, HOME: home.path });
    expect(Object.keys(Object(env))).not.toContain('OPENAI_API_KEY');
    expect(Object.keys(Object(env))).not.toContain('KEEL_HOME');
  });

  test.each(['bwrap', 'landlock'])(
    'held by %s it writes and reads where commands may, and reaches nobody',
    async (how) => {
      const outside = tempDir();
      await using http = await httpMcpServer();
      writeFileSync(join(home.path, 'auth.json'), '{"OPENAI_API_KEY":"the key"}');
      const script = [
        calls('mcp__notes__write_file', { path: join(outside.path, 'x') }, 'a'),
        calls('mcp__notes__write_file', { path: join(repo.path, 'x') }, 'b'),
        calls('mcp__notes__read_file', { path: join(home.path, 'auth.json') }, 'c'),
        calls('mcp__notes__environment', {}, 'd'),
        calls('mcp__notes__reach', { url: http.url }, 'f'),
        calls('mcp__online__reach', { url: http.url }, 'g'),
        calls('mcp__loose__write_file', { path: join(outside.path, 'y') }, 'e'),
        ok,
      ];
      const overrides = [
        'sandbox_mode="workspace-write"',
        'sandbox_workspace_write.exclude_slash_tmp=true',
        ...(how === 'bwrap' ? [] : ['sandbox.bubblewrap="/nowhere/bwrap"']),
        stdio('notes'),
        stdio('loose', [], { sandbox: 'danger-full-access' }),
        stdio('online', [], { network_access: true }),
      ];
      await open(script, overrides);
      await live.say('go');
      expect(outputOf('a')).toMatch(/EROFS|EACCES/);
      expect(existsSync(join(outside.path, 'x'))).toBe(false);
      expect(outputOf('b')).not.toMatch(/Error/);
      expect(existsSync(join(repo.path, 'x'))).toBe(true);
      expect(outputOf('c')).not.toContain('{"OPENAI_API_KEY":"the key"}');
      expect(outputOf('d')).toContain(String.raw`\"KEEL_SANDBOX\":\"${how}\"`);
      expect(outputOf('f')).toContain('not reached');
      expect(outputOf('g')).toContain('reached: 405');
      expect(existsSync(join(outside.path, 'y'))).toBe(true);
      outside[Symbol.dispose]();
    },
  );

  test('a turn under another policy has its servers held to that', async () => {
    const path = join(repo.path, 'x');
    const script = [
      calls('mcp__notes__write_file', { path }, 'a'),
      ok,
      calls('mcp__notes__write_file', { path }, 'b'),
      ok,
    ];
    await open(script, ['sandbox_mode="workspace-write"', stdio('notes')]);
    await live.say('one');
    expect(outputOf('a')).toContain('undefined');
    live.session.submit({ type: 'overrideTurnContext', settings: { sandboxPolicy: { mode: 'read-only' } } });
    await live.say('two');
    expect(outputOf('b')).toMatch(/EROFS|EACCES/);
  });

  test.each(['stubborn', 'spawn'])('nothing of a server is left when the session ends (%s)', async (mode) => {
    await open([ok], [stdio('notes', [mode])]);
    await live.say('go');
    expect(processesWith(home.path).length).toBeGreaterThan(mode === 'spawn' ? 1 : 0);
    await live[Symbol.asyncDispose]();
    expect(processesWith(home.path)).toEqual([]);
  });
});

describe('a server over HTTP', () => {
  let http: HttpMcpServer;
  beforeEach(async () => {
    http = await httpMcpServer();
  });
  afterEach(() => http[Symbol.asyncDispose]());

  test('is given its headers, called, and told at the end', async () => {
    const given = mcpServer('web', {
      url: http.url,
      bearer_token_env_var: 'OPENAI_API_KEY',
      http_headers: { 'x-plain': 'a' },
      env_http_headers: { 'x-home': 'KEEL_HOME', 'x-none': 'NOT_SET' },
    });
    await open([calls('mcp__web__echo', { text: 'x' }), ok], [given]);
    await live.say('go');
    expect(outputOf()).toContain('echo: x');
    const call = http.requests.find(({ rpc }) => rpc === 'tools/call');
    expect(call?.headers).toMatchObject({ authorization: 'Bearer test', 'x-plain': 'a', 'x-home': home.path });
    expect(call?.headers['x-none']).toBeUndefined();
    await live[Symbol.asyncDispose]();
    expect(http.requests.at(-1)?.method).toBe('DELETE');
  });

  test('one that has forgotten the session is greeted again for the next call', async () => {
    const script = [calls('mcp__web__echo', { text: 'x' }, 'a'), calls('mcp__web__echo', { text: 'y' }, 'b'), ok];
    await open(script, [mcpServer('web', { url: http.url })]);
    const begun = live.next('thread.started');
    await begun;
    await until(() => http.requests.some(({ rpc }) => rpc === 'tools/list'));
    await until(() => existsSync(join(home.path, 'cache', 'mcp', 'web.json')));
    http.forgetSessions();
    await live.say('go');
    expect(outputOf('a')).toMatch(/^err: tool call error: the connection to MCP server web was lost/);
    expect(outputOf('b')).toContain('echo: y');
  });

  test('an answer without end is broken off', async () => {
    await open([calls('mcp__web__structured'), ok], [mcpServer('web', { url: http.url, tool_timeout_sec: 10 })]);
    await live.say('go');
    expect(outputOf()).toMatch(/^err: tool call error: .*(16777216|lost|terminated)/);
  });

  test('one that is not there, and a token that is not set, are told', async () => {
    const none = mcpServer('none', { url: 'http://127.0.0.1:1/mcp' });
    const unset = mcpServer('unset', { url: http.url, bearer_token_env_var: 'NOT_SET' });
    await open([ok], [none, unset]);
    await live.say('go');
    expect(warnings().sort()).toEqual([
      expect.stringMatching(/^MCP server none could not be started: .*(ECONNREFUSED|bad port)/),
      'MCP server unset could not be started: the variable NOT_SET, which bearer_token_env_var names, is not set',
    ]);
  });
});
