import { chmodSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { processesWith, until } from '../../../support/keel.ts';
import { type HttpMcpServer, httpMcpServer } from '../../../support/mcp/http-server.ts';
import { mcpServer, serverFile, stdioServer as stdio } from '../../../support/mcp/settings.ts';
import { tempDir } from '../../../support/temp-dir.ts';
import { calls, mcpThreads, ok } from './mcp-thread.ts';

const current = mcpThreads();

describe('what a server is given and held to', () => {
  test('its environment is what it is given, nothing of keel\u2019s own', async () => {
    const thread = current();
    const given = stdio('notes', [], { env: { TOKEN_OF_MINE: 'abc' }, env_vars: ['OPENAI_BASE_URL'] });
    await thread.open([calls('mcp__notes__environment'), ok], [given]);
    await thread.live.say('go');
    const { result } = await thread.mcpItem();
    const env: unknown = JSON.parse(String(Object(result?.content[0]).text));
    expect(env).toMatchObject({ TOKEN_OF_MINE: 'abc', OPENAI_BASE_URL: thread.model.url, HOME: thread.home.path });
    expect(Object.keys(Object(env))).not.toContain('OPENAI_API_KEY');
    expect(Object.keys(Object(env))).not.toContain('KEEL_HOME');
  });

  test.each(['bwrap', 'landlock'])(
    'held by %s it writes and reads where commands may, and reaches nobody',
    async (how) => {
      const thread = current();
      const outside = tempDir();
      await using http = await httpMcpServer();
      writeFileSync(join(thread.home.path, 'auth.json'), '{"OPENAI_API_KEY":"the key"}');
      const script = [
        calls('mcp__notes__write_file', { path: join(outside.path, 'x') }, 'a'),
        calls('mcp__notes__write_file', { path: join(thread.repo.path, 'x') }, 'b'),
        calls('mcp__notes__read_file', { path: join(thread.home.path, 'auth.json') }, 'c'),
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
      await thread.open(script, overrides);
      await thread.live.say('go');
      expect(thread.outputOf('a')).toMatch(/EROFS|EACCES/);
      expect(existsSync(join(outside.path, 'x'))).toBe(false);
      expect(thread.outputOf('b')).not.toMatch(/Error/);
      expect(existsSync(join(thread.repo.path, 'x'))).toBe(true);
      expect(thread.outputOf('c')).not.toContain('{"OPENAI_API_KEY":"the key"}');
      expect(thread.outputOf('d')).toContain(String.raw`\"KEEL_SANDBOX\":\"${how}\"`);
      expect(thread.outputOf('f')).toContain('not reached');
      expect(thread.outputOf('g')).toContain('reached: 405');
      expect(existsSync(join(outside.path, 'y'))).toBe(true);
      outside[Symbol.dispose]();
    },
  );

  test.each([
    ['named by its name alone', 'the-server', { sandbox: 'danger-full-access' }],
    ['named by its path', './bin/the-server', { sandbox: 'danger-full-access' }],
    ['with a network that commands have not', 'the-server', { network_access: true }],
  ])(
    'a program that commands could have written is not started with more rights than theirs, %s',
    async (_, command, more) => {
      const thread = current();
      const trace = join(thread.home.path, 'started');
      thread.repo.write({ 'bin/the-server': `#!/bin/sh\ntouch ${trace}\n` });
      chmodSync(join(thread.repo.path, 'bin/the-server'), 0o755);
      const PATH = `${join(thread.repo.path, 'bin')}:${process.env['PATH']}`;
      await thread.open([ok], ['sandbox_mode="workspace-write"', mcpServer('s', { command, env: { PATH }, ...more })]);
      await thread.live.say('go');
      expect(thread.failures()).toEqual([
        expect.stringMatching(/^MCP server s could not be started: .*where commands may write$/),
      ]);
      expect(existsSync(trace)).toBe(false);
    },
  );

  test('confined like commands, a server may be a program of the workspace', async () => {
    const thread = current();
    const script = `#!/bin/sh\nexec '${process.execPath}' '${serverFile}'\n`;
    thread.repo.write({ 'bin/the-server': script });
    chmodSync(join(thread.repo.path, 'bin/the-server'), 0o755);
    const settings = mcpServer('notes', { command: './bin/the-server' });
    await thread.open([calls('mcp__notes__echo', { text: 'x' }), ok], ['sandbox_mode="workspace-write"', settings]);
    await thread.live.say('go');
    expect(thread.outputOf()).toContain('echo: x');
  });

  test('T39: where hosts are listed a server reaches those alone, unless it is given more or less', async () => {
    const thread = current();
    await using http = await httpMcpServer();
    const listed = http.url.replace('127.0.0.1', 'a.test');
    const script = [
      calls('mcp__notes__reach', { url: listed }, 'a'),
      calls('mcp__notes__reach', { url: http.url.replace('127.0.0.1', 'b.test') }, 'b'),
      calls('mcp__notes__reach', { url: http.url }, 'c'),
      calls('mcp__online__reach', { url: http.url }, 'd'),
      calls('mcp__offline__reach', { url: listed }, 'e'),
      ok,
    ];
    const overrides = [
      'sandbox_mode="workspace-write"',
      'sandbox.network.allowed_domains=["a.test"]',
      'sandbox.network.allow_local_binding=true',
      stdio('notes'),
      stdio('online', [], { network_access: true }),
      stdio('offline', [], { network_access: false }),
    ];
    await thread.open(script, overrides, { options: { canAsk: false, resolve: async () => ['127.0.0.1'] } });
    await thread.live.say('go');
    const outputs = ['a', 'b', 'c', 'd', 'e'].map((id) => String(thread.outputOf(id)));
    const [reached, not] = [expect.stringContaining('"reached: 405'), expect.stringContaining('"not reached')];
    expect(outputs).toEqual([reached, not, not, reached, not]);
  });

  test('a turn under another policy has its servers held to that', async () => {
    const thread = current();
    const path = join(thread.repo.path, 'x');
    const script = [
      calls('mcp__notes__write_file', { path }, 'a'),
      ok,
      calls('mcp__notes__write_file', { path }, 'b'),
      ok,
    ];
    await thread.open(script, ['sandbox_mode="workspace-write"', stdio('notes')]);
    await thread.live.say('one');
    expect(thread.outputOf('a')).toContain('undefined');
    thread.live.session.submit({ type: 'overrideTurnContext', settings: { sandboxPolicy: { mode: 'read-only' } } });
    await thread.live.say('two');
    expect(thread.outputOf('b')).toMatch(/EROFS|EACCES/);
  });

  test.each(['stubborn', 'spawn'])('nothing of a server is left when the session ends (%s)', async (mode) => {
    const thread = current();
    await thread.open([ok], [stdio('notes', [mode])]);
    await thread.live.say('go');
    expect(processesWith(thread.home.path).length).toBeGreaterThan(mode === 'spawn' ? 1 : 0);
    await thread.close();
    expect(processesWith(thread.home.path)).toEqual([]);
  });
});

describe('a server over HTTP', () => {
  let http: HttpMcpServer;
  beforeEach(async () => {
    http = await httpMcpServer();
  });
  afterEach(() => http[Symbol.asyncDispose]());

  test('is given its headers, called, and informed of the end', async () => {
    const thread = current();
    const given = mcpServer('web', {
      url: http.url,
      bearer_token_env_var: 'OPENAI_API_KEY',
      http_headers: { 'x-plain': 'a' },
      env_http_headers: { 'x-home': 'KEEL_HOME', 'x-none': 'NOT_SET' },
    });
    await thread.open([calls('mcp__web__echo', { text: 'x' }), ok], [given]);
    await thread.live.say('go');
    expect(thread.outputOf()).toContain('echo: x');
    const call = http.requests.find(({ rpc }) => rpc === 'tools/call');
    expect(call?.headers).toMatchObject({ authorization: 'Bearer test', 'x-plain': 'a', 'x-home': thread.home.path });
    expect(call?.headers['x-none']).toBeUndefined();
    await thread.close();
    expect(http.requests.at(-1)?.method).toBe('DELETE');
  });

  test('one that has forgotten the session is greeted again, and the call is made once', async () => {
    const thread = current();
    await thread.open([calls('mcp__web__echo', { text: 'x' }), ok], [mcpServer('web', { url: http.url })]);
    const begun = thread.live.next('thread.started');
    await begun;
    await until(() => http.requests.some(({ rpc }) => rpc === 'tools/list'));
    await until(() => existsSync(join(thread.home.path, 'cache', 'mcp', 'web.json')));
    http.forgetSessions();
    await thread.live.say('go');
    expect(thread.outputOf()).toContain('echo: x');
    expect(http.requests.filter(({ rpc }) => rpc === 'initialize')).toHaveLength(2);
  });

  test('an answer without end is broken off', async () => {
    const thread = current();
    await thread.open([calls('mcp__web__structured'), ok], [mcpServer('web', { url: http.url, tool_timeout_sec: 10 })]);
    await thread.live.say('go');
    expect(thread.outputOf()).toMatch(/^err: tool call error: .*(16 MiB|lost|terminated)/);
  });

  test('one that is not there, and a token that is not set, are reported', async () => {
    const thread = current();
    const none = mcpServer('none', { url: 'http://127.0.0.1:1/mcp' });
    const unset = mcpServer('unset', { url: http.url, bearer_token_env_var: 'NOT_SET' });
    await thread.open([ok], [none, unset]);
    await thread.live.say('go');
    expect(thread.warnings().sort()).toEqual([
      expect.stringMatching(/^MCP server none could not be started: .*(ECONNREFUSED|bad port)/),
      'MCP server unset could not be started: the variable NOT_SET, which bearer_token_env_var names, is not set',
    ]);
  });
});
