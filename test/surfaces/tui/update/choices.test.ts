import { describe, expect, test } from 'vitest';
import { modes } from '../../../../src/engine/threads/index.ts';
import type { Turn } from '../../../../src/foundation/protocol/index.ts';
import { rowText, textWidth } from '../../../../src/surfaces/text/index.ts';
import { initialState } from '../../../../src/surfaces/tui/state.ts';
import { statusInput } from '../../../../src/surfaces/tui/view/status-input.ts';
import { NO_MARK, view } from '../../../../src/surfaces/tui/view/view.ts';
import { answer, threadStarted, usage, usageUpdated } from '../../sample-items.ts';
import { Driver, SETUP } from '../driver.ts';

function typed(driver: Driver, text: string): Driver {
  driver.type(text);
  driver.key('enter');
  return driver;
}

describe('/model', () => {
  const models = [
    { name: 'big', efforts: ['low', 'max'] },
    { name: 'plain', efforts: null },
  ];
  const labels = (driver: Driver) =>
    driver.state.screen?.type === 'picker' ? driver.state.screen.view.items.map(({ label }) => label) : [];

  test('lists the model in use and those of the configuration and the provider', () => {
    expect(labels(typed(Driver.ready(80, 24, { models }), '/model '))).toEqual(['gpt-5-codex', 'big', 'plain']);
  });

  test.each([
    ['2', ['default', 'low', 'max']],
    ['3', ['default', 'minimal', 'low', 'medium', 'high', 'xhigh']],
  ])('then asks for an effort that entry %s takes', (digit, efforts) => {
    const driver = typed(Driver.ready(80, 24, { models }), '/model ');
    driver.type(digit);
    expect(labels(driver)).toEqual(efforts);
  });
});

describe('/init', () => {
  test.each([
    [false, 1],
    [true, 0],
  ])('where there is an AGENTS.md: %s, sends %i messages', (hasAgentsFile, count) => {
    const driver = typed(Driver.ready(), '/init ');
    expect(driver.sent()).toEqual([]);
    expect(driver.effects.at(-1)).toEqual({ type: 'checkInit', folder: '/home/ada/app' });
    driver.send({ type: 'initChecked', hasAgentsFile });
    expect(driver.sent()).toHaveLength(count);
    const said = driver.rows().filter((row) => row.startsWith('• There is an AGENTS.md here already'));
    expect(said).toHaveLength(1 - count);
  });
});

test('Shift-Tab goes through the modes but full access, and sends each to the thread', () => {
  const driver = Driver.ready();
  const round = modes(SETUP.workspacePolicy).slice(0, 3);
  for (const _ of round) driver.key('shift+tab');
  const sent = driver.ops().map((op) => (op.type === 'overrideTurnContext' ? op.settings : null));
  const now = round.findIndex(({ name }) => name === 'auto');
  const next = [1, 2, 3].map((step) => round[(now + step) % 3]);
  expect(sent).toEqual(
    next.map((mode) => ({ approvalPolicy: mode?.approvalPolicy, sandboxPolicy: mode?.sandboxPolicy })),
  );
  expect(driver.state.thread?.settings).toEqual(SETUP.settings);
});

describe('/skills and $', () => {
  const skills = [
    { text: 'tides', detail: 'reads tide tables' },
    { text: 'moons', detail: 'counts moons' },
  ];

  test('/skills reads them once and lists them', () => {
    const driver = typed(Driver.ready(), '/skills ');
    expect(driver.effects.filter(({ type }) => type === 'readSkills')).toHaveLength(1);
    driver.send({ type: 'skillsRead', skills });
    expect(driver.rows().join('\n')).toMatch(/tides +reads tide tables\n.*moons +counts moons/);
    typed(driver, '/skills ');
    expect(driver.effects.filter(({ type }) => type === 'readSkills')).toHaveLength(1);
    expect(driver.rows().filter((row) => row.includes('counts moons'))).toHaveLength(2);
  });

  test('$ completes the name of a skill in the midst of a message', () => {
    const driver = Driver.ready();
    driver.type('use $ti');
    driver.send({ type: 'skillsRead', skills });
    expect(driver.live().join('\n')).toContain('$tides');
    driver.key('tab');
    expect(driver.draft()).toBe('use $tides ');
  });
});

test('/mention starts the name of a file, which is looked for as it is typed', () => {
  const driver = typed(Driver.ready(), '/mention ');
  expect(driver.draft()).toBe('@');
  driver.type('ti');
  expect(driver.effects.at(-1)).toEqual({ type: 'findFiles', query: 'ti' });
});

test('/queue sends the next message that waits after an interrupt, and only that', () => {
  const driver = Driver.ready();
  driver.turn();
  for (const text of ['one', 'two']) {
    driver.type(text);
    driver.key('tab');
  }
  driver.turnEnds('interrupted');
  expect(driver.sent()).toEqual([]);
  typed(driver, '/queue ');
  expect(driver.sent()).toEqual(['one']);
});

test('the list to fork from opens a copy of the thread that is chosen', () => {
  const driver = new Driver();
  driver.send({ type: 'setUp', setup: SETUP });
  driver.send({ type: 'choose', verb: 'fork' });
  const effect = driver.effects.at(-1);
  if (effect?.type !== 'listThreads') throw new Error('no list was asked for');
  const summary = { id: 'old', path: '', archived: false, name: null, preview: 'about tides', cwd: '/home/ada/app' };
  const times = { updatedAt: 0, createdAt: 0, model: null, modelProvider: null, source: 'cli', parentId: null };
  const thread = { ...summary, ...times, forkedFromId: null, gitBranch: null, turnCount: 1 };
  driver.send({ type: 'threadsListed', query: effect.query, page: { threads: [thread], nextCursor: null, nowMs: 0 } });
  expect(driver.live().join('\n')).toContain('Fork a thread');
  driver.key('enter');
  const origin = { type: 'fork', id: 'old', userMessages: null };
  expect(driver.effects.at(-1)).toEqual({ type: 'openThread', origin, settings: null });
});

test('images of the command line go with the first message', () => {
  const driver = new Driver();
  driver.state = initialState({ columns: 80, rows: 24 }, 0, 'id', { prompt: 'look', images: ['/p/a.png', '/p/b.png'] });
  driver.send({ type: 'setUp', setup: SETUP });
  driver.event(threadStarted());
  const images = ['/p/a.png', '/p/b.png'].map((path) => ({ type: 'localImage', path }));
  const text = { type: 'text', text: '[Image #1][Image #2]look' };
  expect(driver.ops()).toEqual([{ type: 'userInput', items: [...images, text] }]);
});

test('27: what is left of the window of a continued thread is shown when it is known', () => {
  const turn: Turn = { id: 't0', items: [answer('Hello.')], status: 'completed', error: null };
  const driver = Driver.ready();
  expect(driver.live().at(-1)).toContain('100% context left');
  driver.event(threadStarted({ turns: [turn] }));
  expect(driver.live().at(-1)).not.toContain('context left');
  expect(statusInput(driver.state)?.context_window).toMatchObject({
    used_percentage: null,
    remaining_percentage: null,
  });
  driver.event(usageUpdated({ ...usage({ total_tokens: 106_000 }), model_context_window: 200_000 }));
  expect(driver.live().at(-1)).toContain('50% context left');
});

describe('17.10: the cursor is behind the last letter', () => {
  const asked = (requestedSchema: object) => {
    const driver = Driver.ready();
    driver.turn();
    const request = {
      type: 'elicitation',
      questionId: 'q',
      server: 's',
      message: 'm',
      requestedSchema,
      reason: null,
    } as const;
    driver.event({ type: 'approval.requested', turnId: 't1', threadId: 'thread-1', request });
    driver.painted();
    driver.now += 1_000;
    driver.type('y');
    return driver;
  };
  const field = (type: string) => asked({ type: 'object', properties: { one: { type } }, required: ['one'] });
  const reviewText = () => {
    const driver = typed(Driver.ready(), '/review ');
    driver.type('4');
    return driver;
  };
  const key = () => {
    const driver = new Driver();
    driver.send({ type: 'setUp', setup: { ...SETUP, connect: { reason: 'No key.', takesKey: true } } });
    driver.key('enter');
    return driver;
  };
  const search = () => {
    const driver = Driver.ready();
    driver.key('ctrl+r');
    return driver;
  };

  test.each<[string, () => Driver, string]>([
    ['the composer', () => Driver.ready(), '› 漢x'],
    ['the name of a thread', () => typed(Driver.ready(), '/rename '), '› 漢x'],
    ['what a reviewer should look at', reviewText, '› 漢x'],
    ['a key', key, '› ••'],
    ['a field of text', () => field('string'), '› 漢x'],
    ['a field for a number', () => field('integer'), '› 漢x'],
    ['a search', search, '› 漢x'],
  ])('in %s', (_, open, row) => {
    const driver = open();
    driver.type('漢x');
    const { frame } = view(driver.state, { ...NO_MARK, entries: driver.state.transcript.past.length });
    const rows = frame.live.map((one) => rowText(one).trimEnd());
    expect(frame.cursor).toEqual({ row: rows.lastIndexOf(row), column: textWidth(row) });
    expect(rows).toContain(row);
  });
});
