import { describe, expect, test } from 'vitest';
import { parseCommand, SLASH_COMMANDS } from '../../../../src/surfaces/tui/commands/index.ts';
import { answer, usage, usageUpdated } from '../../sample-items.ts';
import { Driver } from '../driver.ts';

/** What is typed and sent, in a thread that is open. */
function ran(text: string, driver = Driver.ready()): Driver {
  driver.effects = [];
  driver.type(text);
  driver.key('escape');
  driver.key('enter');
  return driver;
}

const effectsOf = ({ effects }: Driver) =>
  effects.filter(({ type }) => !['findFiles', 'readSkills', 'readServerPrompts', 'saveDraft'].includes(type));
const notice = (driver: Driver) => driver.rows().join('\n');
function answered(text: string): Driver {
  const driver = Driver.ready();
  driver.turn();
  driver.item(answer(text));
  driver.turnEnds();
  return driver;
}

describe('a message that starts with a slash', () => {
  test.each([
    ['/status', { type: 'command', argument: '' }],
    ['/model gpt-5 high', { type: 'command', argument: 'gpt-5 high' }],
    ['/rename  my\nthread ', { type: 'command', argument: 'my\nthread' }],
    ['/nothing', { type: 'unknown', name: 'nothing' }],
    ['/Status', { type: 'unknown', name: 'Status' }],
    ['/prompts:fix a b', { type: 'prompt', name: 'fix', argument: 'a b' }],
    ['/mcp:docs:explain x', { type: 'serverPrompt', name: 'mcp:docs:explain', argument: 'x' }],
    ['/constructor', { type: 'unknown', name: 'constructor' }],
  ])('%j is a command', (text, command) => {
    expect(parseCommand(text)).toMatchObject(command);
  });

  test.each(['', '/', '// note', '/usr/bin', ' /status', 'a /status', '/ status', 'status'])('%j is none', (text) => {
    expect(parseCommand(text)).toBeNull();
  });

  test('has a name of its own and says what it does, for each', () => {
    expect(new Set(SLASH_COMMANDS.map(({ name }) => name)).size).toBe(SLASH_COMMANDS.length);
    for (const { name, summary } of SLASH_COMMANDS) {
      expect(name).toMatch(/^[a-z]+$/);
      expect(summary).toMatch(/^[a-z].*[^.]$/);
    }
  });
});

describe('commands', () => {
  test.each<[string, object[]]>([
    ['/compact', [{ type: 'submit', op: { type: 'compact' } }]],
    ['/compact the tests', [{ type: 'submit', op: { type: 'compact', focus: 'the tests' } }]],
    ['/undo', [{ type: 'submit', op: { type: 'undo' } }]],
    ['/rollback', [{ type: 'submit', op: { type: 'rollback', turns: 1 } }]],
    ['/rollback 3', [{ type: 'submit', op: { type: 'rollback', turns: 3 } }]],
    [
      '/review the parser',
      [{ type: 'submit', op: { type: 'review', target: { type: 'custom', instructions: 'the parser' } } }],
    ],
    ['/rename my thread', [{ type: 'rename', threadId: 'thread-1', name: 'my thread' }]],
    ['/fork', [{ type: 'openThread', origin: { type: 'fork', id: 'thread-1', userMessages: null } }]],
    ['/new', [{ type: 'openThread', origin: { type: 'new' } }]],
    ['/resume abc', [{ type: 'openThread', origin: { type: 'resume', id: 'abc' }, settings: null }]],
    [
      '/archive',
      [
        { type: 'openThread', origin: { type: 'new' } },
        { type: 'archive', threadId: 'thread-1' },
      ],
    ],
    ['/diff', [{ type: 'readDiff' }]],
    ['/context', [{ type: 'readReport', report: 'context' }]],
    ['/mcp', [{ type: 'readReport', report: 'mcpServers' }]],
    ['/ps', [{ type: 'readReport', report: 'commands' }]],
    ['/stop', [{ type: 'stopCommands', id: null }]],
    ['/stop 7', [{ type: 'stopCommands', id: 7 }]],
    ['/export', [{ type: 'export', threadId: 'thread-1', file: 'keel-thread-1.html' }]],
    ['/export a.md', [{ type: 'export', threadId: 'thread-1', file: 'a.md' }]],
    ['/config', [{ type: 'readConfig' }]],
    ['/doctor', [{ type: 'runDoctor' }]],
    ['/logout', [{ type: 'logOut' }]],
    ['/quit', [{ type: 'exit', code: 0 }]],
    ['/exit', [{ type: 'exit', code: 0 }]],
    [
      '/theme dark',
      [
        { type: 'setTheme', theme: 'dark' },
        { type: 'keep', setting: { type: 'theme', theme: 'dark' } },
      ],
    ],
    ['!ls -la', [{ type: 'submit', op: { type: 'userShell', command: 'ls -la' } }]],
  ])('%s', (text, effects) => {
    const driver = ran(text);
    expect(effectsOf(driver)).toMatchObject(effects);
    expect(driver.draft()).toBe('');
  });

  test.each([
    ['/model o3 high', { model: 'o3', effort: 'high' }],
    ['/model o3', { model: 'o3', effort: null }],
  ])('%s is for later turns, and is kept', (text, settings) => {
    const driver = ran(text);
    expect(effectsOf(driver)).toEqual([
      { type: 'submit', op: { type: 'overrideTurnContext', settings } },
      { type: 'keep', setting: { type: 'model', ...settings } },
    ]);
    expect(driver.state.thread?.settings).toMatchObject(settings);
  });

  test.each([
    ['/nothing', 'There is no command /nothing'],
    ['/prompts:nobody', 'There is no prompt nobody'],
    ['/mcp:docs:nobody', 'There is no prompt /mcp:docs:nobody'],
    ['/rollback x', '"x" is not a number of turns'],
    ['/rollback 0', '"0" is not a number of turns'],
    ['/rollback -1', '"-1" is not a number of turns'],
    ['/rollback 1.5', '"1.5" is not a number of turns'],
    ['/stop x', '"x" is not the number of a command'],
    ['/stop 1e3', '"1e3" is not the number of a command'],
    ['/export a.txt', '"a.txt" ends in neither .html nor .md'],
    ['/theme pink', 'There is no theme pink'],
    ['/copy', 'There is no answer to copy yet'],
    ['/raw', 'There is no answer yet'],
  ])('%s does nothing and says why', (text, words) => {
    const driver = ran(text);
    expect(effectsOf(driver)).toEqual([]);
    expect(notice(driver)).toContain(words);
  });

  test('that are wrong stay in the draft, to be corrected', () => {
    expect(ran('/nothing at all').draft()).toBe('/nothing at all');
  });

  test.each(SLASH_COMMANDS.filter(({ duringTurn }) => !duringTurn).map(({ name }) => name))(
    '/%s is refused while a turn runs, and stays in the draft',
    (name) => {
      const driver = Driver.ready();
      driver.turn();
      driver.effects = [];
      driver.type(`/${name} `);
      driver.key('enter');
      expect(effectsOf(driver)).toEqual([]);
      expect(notice(driver)).toContain(`/${name} can't be used while a turn runs`);
      expect(driver.draft()).toBe(`/${name} `);
    },
  );

  test.each(['status', 'diff', 'compact', 'fork', 'rename', 'review', 'copy', 'usage', 'export', 'undo'])(
    '/%s needs a thread',
    (name) => {
      const driver = new Driver();
      driver.type(`/${name} `);
      driver.key('enter');
      expect(effectsOf(driver)).toEqual([]);
      expect(notice(driver)).toContain(`/${name} needs a thread`);
    },
  );

  test.each([
    ['/model ', 'picker'],
    ['/approvals', 'picker'],
    ['/permissions', 'picker'],
    ['/resume ', 'picker'],
    ['/review ', 'picker'],
    ['/theme ', 'picker'],
    ['/rename ', 'prompt'],
    ['/help', 'pager'],
    ['/agents', 'pager'],
    ['/keymap', 'pager'],
  ])('%s opens a %s', (text, screen) => {
    const driver = Driver.ready();
    driver.type(text);
    driver.key('enter');
    expect(driver.state.screen?.type).toBe(screen);
  });

  test('with Esc close what they opened, and change nothing', () => {
    for (const text of ['/model ', '/theme ', '/rename ', '/help', '/review ']) {
      const driver = Driver.ready();
      driver.type(text);
      driver.key('enter');
      driver.effects = [];
      driver.key('escape');
      expect(driver.state.screen).toBeNull();
      expect(effectsOf(driver)).toEqual([]);
    }
  });
});

describe('/copy', () => {
  const text = 'Do this:\n\n```sh\nnpm test\n```\n\nor\n\n~~~\na\nb\n~~~\n';

  test.each([
    ['/copy', text],
    ['/copy 1', 'npm test\n'],
    ['/copy 2', 'a\nb\n'],
    ['/copy code 2', 'a\nb\n'],
  ])('%s', (command, copied) => {
    expect(effectsOf(ran(command, answered(text)))).toEqual([{ type: 'copy', text: copied }]);
  });

  test.each(['/copy 3', '/copy 0', '/copy x'])('%s says how many blocks there are', (command) => {
    const driver = ran(command, answered(text));
    expect(effectsOf(driver)).toEqual([]);
    expect(notice(driver)).toContain('The last answer has 2 code blocks');
  });
});

describe('cards', () => {
  test('/status has the settings and what is left of the window', () => {
    const driver = Driver.ready();
    driver.event(usageUpdated({ ...usage({ total_tokens: 106_000 }), model_context_window: 200_000 }, 0.5));
    const text = notice(ran('/status', driver));
    for (const part of ['gpt-5-codex', '/home/ada/app', 'thread-1', '50% left', '$0.5000', 'on-request']) {
      expect(text).toContain(part);
    }
  });

  test('/usage has the tokens and the limits of the provider', () => {
    const driver = Driver.ready();
    driver.event({
      ...usageUpdated(usage({ input_tokens: 12_345, cached_input_tokens: 345, output_tokens: 67 })),
      rateLimits: { primary: { used_percent: 41.6, window_minutes: 300, resets_at: null }, secondary: null },
    });
    const text = notice(ran('/usage', driver));
    for (const part of ['12,345', '345', '67', '42% used']) expect(text).toContain(part);
    expect(text).not.toContain('Second limit');
  });

  test('/vim switches the keys and back', () => {
    const driver = ran('/vim');
    expect(driver.state.vim).not.toBeNull();
    expect(ran('/vim', driver).state.vim).toBeNull();
  });
});

describe('a shell command of the user’s', () => {
  test.each(['!', '!  '])('%j says what is missing', (text) => {
    const driver = ran(text);
    expect(effectsOf(driver)).toEqual([]);
    expect(driver.live().at(-1)).toContain('Write a command after the !');
  });
});
