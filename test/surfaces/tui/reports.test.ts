import { describe, expect, test } from 'vitest';
import { pagerScreen } from '../../../src/surfaces/tui/view/pager-rows.ts';
import { Driver } from './driver.ts';

function typed(command: string, driver = Driver.ready()): Driver {
  driver.type(command);
  driver.key('escape');
  driver.key('enter');
  return driver;
}

const textOf = (driver: Driver) => driver.rows().join('\n');

function used(input: number, cached: number, output: number) {
  return {
    input_tokens: input,
    cached_input_tokens: cached,
    output_tokens: output,
    reasoning_output_tokens: 0,
    total_tokens: input + output,
  };
}

describe('/export', () => {
  const recorded = 'keel-thread-1.html';
  test.each([
    ['/export', recorded],
    ['/export notes/day.md', 'notes/day.md'],
  ])('%s writes %s', (command, file) => {
    expect(typed(command).effects).toContainEqual({ type: 'export', threadId: 'thread-1', file });
  });

  test('a file of another kind is refused by its name', () => {
    const driver = typed('/export page.pdf');
    expect(driver.effects.filter(({ type }) => type === 'export')).toEqual([]);
    expect(textOf(driver)).toContain('"page.pdf" ends in neither .html nor .md');
  });

  test('a thread that is not recorded says so', () => {
    const driver = Driver.ready();
    if (driver.state.thread) driver.state = { ...driver.state, thread: { ...driver.state.thread, rolloutPath: null } };
    expect(textOf(typed('/export', driver))).toContain('This thread is not recorded');
    expect(driver.effects.filter(({ type }) => type === 'export')).toEqual([]);
  });
});

describe('/theme', () => {
  test('the one in use is marked, and the chosen one is applied and kept', () => {
    const driver = typed('/theme');
    expect(driver.live().join('\n')).toMatch(/auto.*\n.*dark/);
    driver.key('down');
    driver.key('enter');
    expect(driver.effects).toContainEqual({ type: 'setTheme', theme: 'dark' });
    expect(driver.state.setup?.theme).toBe('dark');
    expect(driver.effects).toContainEqual({ type: 'keep', setting: { type: 'theme', theme: 'dark' } });
  });

  test('a name that there is not changes nothing', () => {
    const driver = typed('/theme solar');
    expect(textOf(driver)).toContain('There is no theme solar. There are: auto, dark');
    expect(driver.effects.filter(({ type }) => type === 'setTheme')).toEqual([]);
  });
});

describe('commands that something else answers', () => {
  test.each([
    ['/config', { type: 'readConfig' }],
    ['/doctor', { type: 'runDoctor' }],
    ['/logout', { type: 'logOut' }],
    ['/context', { type: 'readReport', report: 'context' }],
    ['/mcp', { type: 'readReport', report: 'mcpServers' }],
    ['/ps', { type: 'readReport', report: 'commands' }],
    ['/stop', { type: 'stopCommands', id: null }],
    ['/stop 12', { type: 'stopCommands', id: 12 }],
  ])('%s asks for %o, also while a turn runs', (command, effect) => {
    const driver = Driver.ready();
    driver.turn();
    expect(typed(command, driver).effects).toContainEqual(effect);
  });

  test('/stop of something that is no number stops nothing', () => {
    const driver = typed('/stop all');
    expect(driver.effects.filter(({ type }) => type === 'stopCommands')).toEqual([]);
    expect(textOf(driver)).toContain('"all" is not the number of a command');
  });

  test('a text is read from its top in the pager, and cannot steer the terminal', () => {
    const driver = Driver.ready(60, 10);
    const lines = Array.from({ length: 30 }, (_, at) => `line ${at}`);
    driver.send({ type: 'textRead', title: 'Settings', text: `\u001b[2J${lines.join('\n')}` });
    const { screen } = driver.state;
    if (screen?.type !== 'pager') throw new Error('no pager');
    const rows = pagerScreen(driver.state, screen.view).map((row) => row.map(({ text }) => text).join(''));
    expect(rows[0]).toBe('Settings');
    expect(rows[1]).toContain('line 0');
    expect(rows.join('\n')).not.toContain('\u001b');
  });
});

describe('what the session says of itself', () => {
  test('/context: each part with its bytes and tokens, and how much of the window is in use', () => {
    const driver = Driver.ready();
    const parts = [
      { kind: 'instructions', bytes: 8_000, tokens: 2_000 },
      { kind: 'outputs', bytes: 24_000, tokens: 6_000 },
    ] as const;
    driver.send({ type: 'reportRead', report: { type: 'context', parts, countedTokens: 9_000, window: 90_000 } });
    const text = textOf(driver);
    expect(text).toMatch(/Instructions +8,000 bytes +~2,000 tokens +25%/);
    expect(text).toMatch(/Tool outputs +24,000 bytes +~6,000 tokens +75%/);
    expect(text).toMatch(/Together +32,000 bytes +~8,000 tokens +100%/);
    expect(text).toContain('9,000 tokens of 90,000 (10%)');
  });

  test('/mcp: each server with its state, its tools, and why it does not run', () => {
    const driver = Driver.ready();
    const servers = [
      { name: 'notes', status: { type: 'ready' }, tools: ['add', 'find'] },
      { name: 'broken', status: { type: 'failed', reason: 'no such program' }, tools: [] },
      { name: 'unused', status: { type: 'off' }, tools: [] },
    ] as const;
    driver.send({ type: 'reportRead', report: { type: 'mcpServers', servers } });
    const text = textOf(driver);
    expect(text).toMatch(/notes +runs; 2 tools: add, find/);
    expect(text).toMatch(/broken +could not be started: no such program; no tools known/);
    expect(text).toMatch(/unused +switched off/);
  });

  test('/ps: the commands by the numbers that /stop takes', () => {
    const driver = Driver.ready();
    driver.send({ type: 'reportRead', report: { type: 'commands', commands: [{ id: 3, command: 'npm run dev' }] } });
    expect(textOf(driver)).toMatch(/3 +npm run dev/);
    const idle = Driver.ready();
    idle.send({ type: 'reportRead', report: { type: 'commands', commands: [] } });
    expect(textOf(idle)).toContain('No command runs in the background.');
  });
});

describe('cost', () => {
  function spending(costUsd: number | null): Driver {
    const driver = Driver.ready(120);
    const usage = used(1_000_000, 0, 0);
    const info = { total_token_usage: usage, last_token_usage: usage, model_context_window: null };
    driver.event({ type: 'usage.updated', turnId: 't1', info, rateLimits: null, costUsd });
    driver.event({ type: 'usage.updated', turnId: 't1', info, rateLimits: null });
    return typed('/status', driver);
  }

  test('is in the footer and the status', () => {
    const driver = spending(4);
    expect(driver.live().at(-1)).toContain('$4.00');
    expect(textOf(driver)).toMatch(/Cost since opened +\$4\.00/);
  });

  test('is nowhere if the price is not known', () => {
    expect(textOf(spending(null))).not.toMatch(/\$|Cost/);
  });
});
