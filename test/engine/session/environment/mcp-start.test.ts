import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { processesWith, until } from '../../../support/keel.ts';
import { stdioServer as stdio } from '../../../support/mcp/settings.ts';
import { calls, mcpThreads, ok } from './mcp-thread.ts';

const current = mcpThreads();

describe('servers that start late, badly or not at all', () => {
  test('T32, M1: one that hangs is reported after its time, others are of use', async () => {
    const thread = current();
    const hanging = stdio('deaf', ['hang'], { startup_timeout_sec: 0.7 });
    await thread.open([calls('mcp__notes__echo', { text: 'x' }), ok], [hanging, stdio('notes')]);
    await thread.live.say('go');
    expect(thread.outputOf()).toContain('echo: x');
    expect(thread.failures()).toEqual([
      'MCP server deaf could not be started: it did not answer within 0.7 s (startup_timeout_sec)',
    ]);
    expect(thread.live.events[0]?.type).toBe('thread.started');
    expect(thread.mcpNames(0).every((name) => name.startsWith('mcp__notes__'))).toBe(true);
  });

  test('why one ended is reported with what it said, without what it was given in confidence', async () => {
    const thread = current();
    const quitting = stdio('quitter', ['exit'], { env: { MCP_SECRET: 'sesame-open' } });
    await thread.open([ok], [quitting, stdio('gone', [], { command: '/nowhere/server' }), stdio('"a b"')]);
    await thread.live.say('go');
    const told = thread.failures().sort();
    expect(told).toEqual([
      'MCP server a b could not be started: its name may have letters, digits, - and _ only',
      expect.stringMatching(/^MCP server gone could not be started: \/nowhere\/server can't be started: .*ENOENT/),
      'MCP server quitter could not be started: it ended with exit code 3: no licence found',
    ]);
    const log = readFileSync(join(thread.home.path, 'log', 'keel.log'), 'utf8');
    expect(log).toContain('MCP server quitter: started with ***');
    expect(log).not.toContain('sesame-open');
  });

  test('lines that are no messages are passed over', async () => {
    const thread = current();
    await thread.open([calls('mcp__notes__echo', { text: 'x' }), ok], [stdio('notes', ['garbage'])]);
    await thread.live.say('go');
    expect(thread.outputOf()).toContain('echo: x');
    expect(thread.failures()).toEqual([]);
  });

  test('P28: one that appears late changes nothing of the running turn; the next has its tools, with one note', async () => {
    const thread = current();
    await thread.open(
      [calls('update_plan', { plan: [] }), ok, ok, ok],
      [stdio('notes', ['gate', join(thread.home.path, 'may-start')]), 'mcp_startup_wait_sec=0'],
    );
    await thread.live.say('one');
    thread.home.write({ 'may-start': '' });
    expect([thread.mcpNames(0), thread.mcpNames(1)]).toEqual([[], []]);
    await until(() => existsSync(join(thread.home.path, 'cache', 'mcp', 'notes.json')));
    await thread.live.say('two');
    await thread.live.say('three');
    const notes = thread
      .request(3)
      .textsOf('user')
      .filter((text) => text.includes('keel_note'));
    expect(notes).toEqual([
      expect.stringMatching(
        /^<keel_note kind="tools">The tool list changed: added mcp__notes__a_tool.*; removed nothing\.</,
      ),
    ]);
    expect(thread.mcpNames(2)).toEqual(thread.mcpNames(3));
    expect(thread.mcpNames(2)).toContain('mcp__notes__echo');
  });

  test('a list that changes while a turn runs is taken up by the next', async () => {
    const thread = current();
    await thread.open([calls('mcp__notes__grow'), ok, ok], [stdio('notes')]);
    await thread.live.say('one');
    expect(thread.mcpNames(1)).not.toContain('mcp__notes__new_one');
    await until(() => readFileSync(join(thread.home.path, 'cache', 'mcp', 'notes.json'), 'utf8').includes('new_one'));
    await thread.live.say('two');
    expect(thread.mcpNames(2)).toContain('mcp__notes__new_one');
    expect(thread.request(2).textsOf('user').at(-2)).toBe(
      '<keel_note kind="tools">The tool list changed: added mcp__notes__new_one; removed nothing.</keel_note>',
    );
  });

  test.each(['live', 'taken up again'])(
    'what a rollback took out of what was said of tools is said again (%s)',
    async (how) => {
      const thread = current();
      const note =
        '<keel_note kind="tools">The tool list changed: added mcp__notes__new_one; removed nothing.</keel_note>';
      await thread.open([calls('mcp__notes__grow'), ok, ok, ok], [stdio('notes')]);
      await thread.live.say('one');
      await until(() => readFileSync(join(thread.home.path, 'cache', 'mcp', 'notes.json'), 'utf8').includes('new_one'));
      await thread.live.say('two');
      expect(thread.request(2).textsOf('user')).toContain(note);
      thread.live.session.submit({ type: 'rollback', turns: 1 });
      await thread.live.next('thread.rolledBack');
      const { threadId: id } = thread.live.session;
      const options = { canAsk: false, origin: { type: 'resume', id } } as const;
      if (how === 'taken up again') await thread.open([ok], [stdio('notes')], { options });
      await thread.live.say('three');
      const request = thread.model.requests.at(-1);
      expect(request?.textsOf('user').filter((text) => text === note)).toHaveLength(1);
      expect(request?.tools.map(({ name }) => name)).toContain('mcp__notes__new_one');
    },
  );

  test('what a server listed last is offered at once, and a call waits for it', async () => {
    const thread = current();
    const mayStart = join(thread.home.path, 'may-start');
    const overrides = [stdio('notes', ['gate', mayStart])];
    writeFileSync(mayStart, '');
    await thread.open([ok], overrides);
    await thread.live.say('one');
    const known = thread.mcpNames(0);
    rmSync(mayStart);
    await thread.open([calls('mcp__notes__echo', { text: 'x' }), ok], overrides);
    const turn = thread.live.say('two');
    // The request is there while the server has not answered.
    await thread.model.request(0);
    expect(thread.mcpNames(0)).toEqual(known);
    await thread.live.next('item.started', ({ item }) => item.type === 'mcpToolCall');
    writeFileSync(mayStart, '');
    await turn;
    expect(thread.outputOf()).toContain('echo: x');
  });

  test('T32: a call that takes longer than it may is reported with its limit, and the server is of use afterwards', async () => {
    const thread = current();
    const script = [calls('mcp__notes__sleep', { ms: 20_000 }, 'a'), calls('mcp__notes__echo', { text: 'x' }, 'b'), ok];
    await thread.open(script, [stdio('notes', [], { tool_timeout_sec: 1 })]);
    await thread.live.say('go');
    expect(thread.outputOf('a')).toBe(
      'err: tool call error: no answer within 1 s (tool_timeout_sec of MCP server notes)',
    );
    expect(thread.outputOf('b')).toContain('echo: x');
  });

  test('T32: one that crashes in a call is reported, and started again for the next', async () => {
    const thread = current();
    const script = [calls('mcp__notes__crash', {}, 'a'), ok, calls('mcp__notes__echo', { text: 'x' }, 'b'), ok];
    await thread.open(script, [stdio('notes')]);
    expect(await thread.live.say('one')).toMatchObject({ status: 'completed' });
    expect(thread.outputOf('a')).toMatch(/^err: tool call error: the connection to MCP server notes was lost/);
    expect((await thread.mcpItem()).error?.message).toMatch(/was lost/);
    await thread.live.say('two');
    expect(thread.outputOf('b')).toContain('echo: x');
    expect(thread.mcpNames(2)).toEqual(thread.mcpNames(0));
  });

  test('a tool of a server that can no longer be started says so', async () => {
    const thread = current();
    const notes = (more = {}) => [stdio('notes', ['once', join(thread.home.path, 'starts')], more)];
    await thread.open([ok], notes());
    await thread.live.say('one');
    await thread.open([calls('mcp__notes__echo', { text: 'x' }), ok, ok], notes({ startup_timeout_sec: 0.5 }));
    await thread.live.say('two');
    expect(thread.outputOf()).toBe(
      'err: server notes is not available: it did not answer within 0.5 s (startup_timeout_sec)',
    );
    await thread.live.say('three');
    expect(thread.mcpNames(2)).toEqual([]);
    expect(thread.failures()).toHaveLength(1);
  });

  test('a session that is closed while its server starts does not wait for it', async () => {
    const thread = current();
    await thread.open([], [stdio('deaf', ['hang'], { startup_timeout_sec: 60 })]);
    await until(() => processesWith(thread.home.path).length > 0);
    const begun = performance.now();
    await thread.close();
    expect(performance.now() - begun).toBeLessThan(30_000);
    expect(thread.failures()).toEqual([]);
  });

  test('an interrupt ends the wait for a server that is not there yet', async () => {
    const thread = current();
    await thread.open([ok], [stdio('deaf', ['hang'])]);
    const turn = thread.live.say('one');
    await thread.live.next('turn.started');
    thread.live.session.submit({ type: 'interrupt' });
    expect(await turn).toMatchObject({ status: 'interrupted' });
    expect(thread.model.requests).toHaveLength(0);
  });

  test('a thread that is taken up again has the same tools in the same bytes, and no note of them', async () => {
    const thread = current();
    await thread.open([ok], [stdio('notes')]);
    await thread.live.say('one');
    const { threadId: id } = thread.live.session;
    const before = JSON.stringify(thread.request(0).tools);
    await thread.open([ok, ok], [stdio('notes')], { options: { canAsk: false, origin: { type: 'resume', id } } });
    await thread.live.say('two');
    expect(JSON.stringify(thread.request(0).tools)).toBe(before);
    expect(
      thread
        .request(0)
        .textsOf('user')
        .filter((text) => text.includes('keel_note')),
    ).toEqual([]);
    await thread.open([ok], [], { options: { canAsk: false, origin: { type: 'resume', id } } });
    await thread.live.say('three');
    expect(thread.request(0).textsOf('user').at(-2)).toMatch(/added nothing; removed mcp__notes__a_tool/);
  });

  test('an interrupted call is answered as such and the session continues', async () => {
    const thread = current();
    await thread.open([calls('mcp__notes__sleep', { ms: 60_000 }), ok], [stdio('notes')]);
    const turn = thread.live.say('one');
    await thread.live.next('item.started', ({ item }) => item.type === 'mcpToolCall');
    thread.live.session.submit({ type: 'interrupt' });
    expect(await turn).toMatchObject({ status: 'interrupted' });
    expect((await thread.mcpItem()).status).toBe('failed');
    await thread.live.say('two');
    expect(thread.outputOf()).toMatch(/abort/);
  });
});
