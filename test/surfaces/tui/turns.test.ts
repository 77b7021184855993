import { describe, expect, test } from 'vitest';
import type { SessionEvent, ThreadItem, ThreadItemOf, Turn } from '../../../src/foundation/protocol/index.ts';
import { rowText, rowWidth } from '../../../src/surfaces/text/index.ts';
import { contextLeft } from '../../../src/surfaces/tui/figures.ts';
import { pagerScreen } from '../../../src/surfaces/tui/view/pager-rows.ts';
import { NO_MARK, view } from '../../../src/surfaces/tui/view/view.ts';
import { threadStarted } from '../sample-items.ts';
import { Driver, SETUP, trustOf } from './driver.ts';

const usage = (total: number, window: number | null) => ({
  total_token_usage: tokens(total),
  last_token_usage: tokens(total),
  model_context_window: window,
});
const tokens = (total_tokens: number) => ({
  input_tokens: total_tokens,
  cached_input_tokens: 0,
  output_tokens: 0,
  reasoning_output_tokens: 0,
  total_tokens,
});
const said = (id: string, text: string): ThreadItem => ({ type: 'userMessage', id, content: [{ type: 'text', text }] });

describe('hooks that run', () => {
  const hook = (id: string, statusMessage: string | null) =>
    ({ id, event: 'Stop', statusMessage, isAsync: false, file: '/f', source: 'user', startedAtMs: 0 }) as const;

  test('are on the status line by what they want to be shown, the newest first', () => {
    const driver = Driver.ready();
    driver.turn();
    const line = () => driver.live().find((text) => text.includes('Esc interrupts')) ?? '';
    driver.event({ type: 'hook.started', turnId: 't1', hook: hook('a', 'Checking the tests') });
    expect(line()).toContain('Checking the tests (');
    driver.event({ type: 'hook.started', turnId: 't1', hook: hook('b', 'Looking for secrets') });
    driver.event({ type: 'hook.started', turnId: 't1', hook: hook('c', null) });
    expect(line()).toContain('Looking for secrets (');
    const end = { type: 'hook.completed', turnId: 't1', status: 'completed', durationMs: 1 } as const;
    driver.event({ ...end, hook: hook('b', 'Looking for secrets') });
    expect(line()).toContain('Checking the tests (');
    driver.event({ ...end, hook: hook('a', 'Checking the tests') });
    expect(line()).toContain('Working (');
  });
});

describe('18: messages while a turn runs', () => {
  test('Enter steers the turn at once, Tab queues; the end of the turn sends exactly one', () => {
    const driver = Driver.ready();
    driver.turn();
    driver.type('steer');
    driver.key('enter');
    for (const text of ['first', 'second']) {
      driver.type(text);
      driver.key('tab');
    }
    expect(driver.sent()).toEqual(['steer']);
    const shown = driver.live().join('\n');
    for (const row of ['↳ steer', '1. first', '2. second']) expect(shown).toContain(row);
    driver.item(said('u', 'steer'));
    driver.turnEnds();
    expect(driver.sent()).toEqual(['steer', 'first']);
    expect(driver.live().join('\n')).toContain('1. second');
  });

  test('an interrupt brings what was not taken in before the draft, with its images; the queue waits, and is sent one by one', () => {
    const driver = Driver.ready();
    driver.turn();
    driver.pasteImage('/p/a.png');
    driver.type('look');
    driver.key('enter');
    driver.type('later');
    driver.key('tab');
    driver.type('draft');
    driver.key('escape');
    expect(driver.ops().at(-1)).toEqual({ type: 'interrupt' });
    const id = driver.effects.find((effect) => effect.type === 'submit' && effect.op.type === 'userInput');
    if (id?.type !== 'submit') throw new Error('nothing was sent');
    driver.event({ type: 'submissions.dropped', turnId: 't1', ids: [id.id ?? ''] });
    driver.turnEnds('interrupted');
    expect(driver.draft()).toBe('[Image #1] look\ndraft');
    expect(driver.state.composer.draft.atoms[0]).toMatchObject({ type: 'image', path: '/p/a.png' });
    expect(driver.sent()).toHaveLength(1);
    driver.key('ctrl+c');
    driver.key('enter');
    expect(driver.sent().at(-1)).toBe('later');
  });

  test('a queued message is edited in its place, and an emptied one is gone', () => {
    const driver = Driver.ready();
    driver.turn();
    for (const text of ['one', 'two', 'three']) {
      driver.type(text);
      driver.key('tab');
    }
    for (const _ of [1, 2]) driver.key('alt+up');
    expect(driver.draft()).toBe('two');
    driver.type('!');
    driver.key('enter');
    expect(driver.live().join('\n')).toMatch(/1\. one\n.*2\. two!\n.*3\. three/);
    driver.key('alt+up');
    driver.key('ctrl+u');
    driver.key('enter');
    expect(driver.live().join('\n')).not.toContain('three');
  });

  test('what is written before the thread is open is sent when it is', () => {
    const driver = new Driver();
    driver.type('early');
    driver.key('enter');
    expect(driver.sent()).toEqual([]);
    driver.send({ type: 'setUp', setup: SETUP });
    const thread = { threadId: 'x', model: 'm', effort: null, cwd: '/home/ada/app', rolloutPath: null, turns: [] };
    driver.event({ type: 'thread.started', ...thread });
    expect(driver.sent()).toEqual(['early']);
  });

  test('queue and draft stay when another thread is opened', () => {
    const driver = Driver.ready();
    driver.turn();
    driver.type('later');
    driver.key('tab');
    driver.turnEnds('interrupted');
    driver.type('/new');
    driver.key('enter');
    driver.type('draft');
    expect(driver.effects.at(-1)).toMatchObject({ type: 'openThread', origin: { type: 'new' } });
    expect(driver.live().join('\n')).toContain('1. later');
    expect(driver.draft()).toBe('draft');
  });
});

describe('19: Esc', () => {
  test('interrupts a turn at once, with a draft too, which stays', () => {
    const driver = Driver.ready();
    driver.turn();
    driver.type('draft');
    driver.key('escape');
    expect(driver.ops()).toEqual([{ type: 'interrupt' }]);
    expect(driver.draft()).toBe('draft');
  });

  test('twice when idle: the last message first; any key between cancels', () => {
    const driver = Driver.ready();
    for (const text of ['one', 'two']) driver.item(said(text, text));
    driver.key('escape');
    expect(driver.live().join('\n')).toContain('Esc again');
    driver.key('left');
    driver.key('escape');
    expect(driver.state.screen).toBeNull();
    driver.key('escape');
    expect(driver.live().join('\n')).toMatch(/› 1\. two/);
  });
});

test('20: backtrack forks before the chosen message, also among equal ones, and has its text in the composer', () => {
  const driver = Driver.ready();
  for (const id of ['a', 'b', 'c']) driver.item(said(id, id === 'b' ? 'other' : 'same'));
  for (const _ of [1, 2]) driver.key('escape');
  driver.key('enter');
  const origin = { type: 'fork', id: 'thread-1', userMessages: 2 };
  expect(driver.effects.at(-1)).toMatchObject({ type: 'openThread', origin });
  expect(driver.draft()).toBe('same');
  // The copy has the messages before it alone, so that a further step back counts among those.
  const items = [said('a', 'same'), said('b', 'other')];
  const turns: Turn[] = [{ id: 't1', items, status: 'completed', error: null }];
  driver.event(threadStarted({ threadId: 'copy', turns }));
  driver.key('ctrl+u');
  for (const _ of [1, 2]) driver.key('escape');
  expect(driver.live().filter((row) => /same|other/.test(row))).toHaveLength(2);
  driver.key('down');
  driver.key('enter');
  expect(driver.effects.at(-1)).toMatchObject({
    ...{ type: 'openThread', origin: { type: 'fork', id: 'copy', userMessages: 0 } },
  });
});

test('25: an interrupt marks the running command, stops the clock, and a dialog pauses it', () => {
  const driver = Driver.ready();
  driver.turn();
  driver.item(command({ status: 'inProgress', aggregatedOutput: null, exitCode: null }), 'item.started');
  driver.now += 5_000;
  driver.event(approval('q1'));
  driver.now += 60_000;
  driver.send({ type: 'tick', at: driver.now });
  expect(driver.live().join('\n')).toContain('Waiting for you (5s');
  driver.event({ type: 'approval.resolved', turnId: 't1', questionId: 'q1' });
  driver.now += 1_000;
  driver.send({ type: 'tick', at: driver.now });
  expect(driver.live().join('\n')).toContain('Working (6s');
  driver.turnEnds('interrupted');
  expect(driver.rows().join('\n')).toContain('• Interrupted: make');
  expect(driver.rows().join('\n')).toContain('Interrupted. Say what to do differently.');
  expect(driver.live().join('\n')).not.toContain('Working');
});

test('27: what is left of the window', () => {
  expect(contextLeft(usage(12_000, 272_000))).toBe(100);
  expect(contextLeft(usage(272_000, 272_000))).toBe(0);
  expect(contextLeft(usage(5, 8_000))).toBe(0);
  expect(contextLeft(null)).toBe(100);
});

test('28: a notification only while the user looks elsewhere', () => {
  const driver = Driver.ready();
  const notices = () => driver.effects.filter(({ type }) => type === 'notify').length;
  driver.turn();
  driver.turnEnds();
  expect(notices()).toBe(0);
  driver.send({ type: 'input', event: { type: 'focus', isFocused: false }, at: driver.now });
  driver.turn();
  driver.turnEnds();
  expect(notices()).toBe(1);
  driver.turn();
  driver.event(approval('q'));
  expect(notices()).toBe(2);
  driver.send({ type: 'input', event: { type: 'focus', isFocused: true }, at: driver.now });
  driver.event(approval('q2'));
  driver.turnEnds();
  expect(notices()).toBe(2);
});

test('28: where the terminal reports no focus, who has typed nothing for half a minute looks elsewhere', () => {
  const driver = Driver.ready();
  const notices = () => driver.effects.filter(({ type }) => type === 'notify').length;
  driver.type('x');
  driver.turn();
  driver.now += 29_000;
  driver.turnEnds();
  expect(notices()).toBe(0);
  driver.turn();
  driver.now += 2_000;
  driver.turnEnds();
  expect(notices()).toBe(1);
});

describe('30: trust', () => {
  const asked = { ...SETUP, trustQuestion: trustOf({ counts: ['AGENTS.md'] }) };

  test('is asked with what would count, and No is what Enter and Esc mean', () => {
    for (const key of ['enter', 'escape'] as const) {
      const driver = new Driver();
      driver.send({ type: 'setUp', setup: asked });
      expect(driver.live().join('\n')).toContain('What would count: AGENTS.md.');
      driver.key(key);
      expect(driver.effects).toEqual([{ type: 'trust', folder: '/home/ada/app', level: 'untrusted' }]);
    }
  });

  test('a yes is written down for the folder', () => {
    const driver = new Driver();
    driver.send({ type: 'setUp', setup: asked });
    driver.type('1');
    expect(driver.effects).toEqual([{ type: 'trust', folder: '/home/ada/app', level: 'trusted' }]);
  });
});

describe('31, 17.12: the list of threads', () => {
  const thread = (id: string) => ({
    id,
    path: '',
    archived: false,
    name: null,
    preview: `about ${id}`,
    cwd: '/home/ada/app',
    updatedAt: 0,
    createdAt: 0,
    model: null,
    modelProvider: null,
    source: 'cli',
    parentId: null,
    forkedFromId: null,
    gitBranch: null,
    turnCount: 1,
  });
  const open = () => {
    const driver = new Driver();
    driver.send({ type: 'setUp', setup: SETUP });
    driver.send({ type: 'choose', verb: 'resume' });
    return driver;
  };
  const answer = (driver: Driver, ids: readonly string[], nextCursor: string | null) => {
    const effect = driver.effects.at(-1);
    if (effect?.type !== 'listThreads') throw new Error('no list was asked for');
    driver.send({
      type: 'threadsListed',
      query: effect.query,
      page: { threads: ids.map(thread), nextCursor, nowMs: 0 },
    });
  };

  test('reads further pages near the end of one, and searches all of them', () => {
    const driver = open();
    answer(
      driver,
      Array.from({ length: 50 }, (_, at) => `t${at}`),
      'next',
    );
    driver.key('end');
    expect(driver.effects.at(-1)).toMatchObject({ type: 'listThreads', query: { cursor: 'next' } });
    answer(
      driver,
      Array.from({ length: 10 }, (_, at) => `u${at}`),
      null,
    );
    driver.key('end');
    expect(driver.live().join('\n')).toContain('about u9');
    driver.type('t');
    expect(driver.effects.at(-1)).toMatchObject({ type: 'listThreads', query: { search: 't', cwd: '/home/ada/app' } });
    answer(driver, ['found'], null);
    driver.key('enter');
    expect(driver.effects.at(-1)).toMatchObject({ type: 'openThread', origin: { type: 'resume', id: 'found' } });
  });

  test('Ctrl-C leaves keel, and what is searched for has the cursor', () => {
    const driver = open();
    answer(driver, ['one'], null);
    driver.type('漢x');
    const { cursor } = view(driver.state, NO_MARK).frame;
    expect(cursor).toEqual({ row: driver.live().findIndex((row) => row.startsWith('› 漢x')), column: 5 });
    driver.key('ctrl+c');
    expect(driver.effects.at(-1)).toEqual({ type: 'exit', code: 0 });
  });

  test('the selected thread is shown with what is known of it', () => {
    const driver = open();
    answer(driver, ['one', 'two'], null);
    driver.key('down');
    expect(driver.live().join('\n')).toMatch(/│ 1 turn · .*started .*\n {2}│ about two/);
  });

  test('17.12: a thread is renamed in the list, which is then read again', () => {
    const driver = open();
    answer(driver, ['one', 'two'], null);
    driver.key('down');
    driver.key('ctrl+e');
    expect(driver.live().join('\n')).toContain('New name of "about two"');
    driver.type('tides');
    driver.key('enter');
    expect(driver.effects.slice(-2)).toMatchObject([
      { type: 'rename', threadId: 'two', name: 'tides' },
      { type: 'listThreads', query: { cwd: '/home/ada/app' } },
    ]);
    answer(driver, ['one', 'two'], null);
    driver.key('ctrl+e');
    driver.key('escape');
    expect(driver.effects.at(-1)).toMatchObject({ type: 'listThreads' });
    expect(driver.live().join('\n')).toContain('Continue a thread');
  });

  test('17.12: a thread is archived by Ctrl-X twice, and by no other keys', () => {
    const driver = open();
    answer(driver, ['one', 'two'], null);
    driver.key('ctrl+x');
    expect(driver.live().at(-1)).toContain('Ctrl-X again');
    driver.key('down');
    driver.key('ctrl+x');
    expect(driver.effects.filter(({ type }) => type === 'archive')).toEqual([]);
    driver.key('ctrl+x');
    expect(driver.effects.at(-1)).toEqual({ type: 'archive', threadId: 'two' });
    expect(driver.live().join('\n')).not.toContain('about two');
    driver.key('enter');
    expect(driver.effects.at(-1)).toMatchObject({ type: 'openThread', origin: { id: 'one' } });
  });

  test('17.12: the thread that is open is not archived from the list', () => {
    const driver = Driver.ready();
    driver.type('/resume');
    driver.key('enter');
    answer(driver, ['thread-1', 'two'], null);
    driver.key('ctrl+x');
    driver.key('ctrl+x');
    expect(driver.effects.filter(({ type }) => type === 'archive')).toEqual([]);
    const text = driver.rows().join('\n');
    expect(text).toContain('That thread is open here.');
    expect(text).toContain('about thread-1');
  });

  test.each([40, 80, 120])('no row of the list is wider than %i columns', (columns) => {
    const driver = new Driver(columns, 24);
    driver.send({ type: 'setUp', setup: SETUP });
    driver.send({ type: 'choose', verb: 'resume' });
    answer(driver, ['one', 'two'], null);
    const { live } = view(driver.state, NO_MARK).frame;
    expect(live.map(rowWidth).filter((width) => width > columns)).toEqual([]);
  });

  test('Esc starts a new thread', () => {
    const driver = open();
    driver.key('escape');
    expect(driver.effects.at(-1)).toMatchObject({ type: 'openThread', origin: { type: 'new' } });
  });
});

function command(more: Partial<ThreadItemOf<'commandExecution'>>): ThreadItemOf<'commandExecution'> {
  return {
    type: 'commandExecution',
    id: 'c1',
    command: 'make',
    cwd: '/home/ada/app',
    processId: null,
    source: 'agent',
    status: 'completed',
    commandActions: [{ type: 'unknown', command: 'make' }],
    aggregatedOutput: '',
    exitCode: 0,
    durationMs: 1,
    ...more,
  };
}

function approval(questionId: string): SessionEvent {
  return {
    type: 'approval.requested',
    turnId: 't1',
    threadId: 'thread-1',
    request: {
      type: 'command',
      questionId,
      callId: 'c1',
      command: ['make'],
      cwd: '/home/ada/app',
      commandActions: [],
      reason: null,
      escalated: false,
    },
  };
}

test('the end of a turn shows what was changed and whether it was checked, from the record and not from the answer', () => {
  const driver = Driver.ready();
  const endsWith = (checks: readonly { command: string; exitCode: number }[]) => {
    driver.turn();
    const changed = [
      { path: '/home/ada/app/src/a.ts', kind: 'update' },
      { path: 'b.ts', kind: 'add' },
    ] as const;
    const end = { type: 'turn.completed', turnId: 't1', status: 'completed', error: null, abortReason: null } as const;
    driver.event({ ...end, lastAgentMessage: 'All tests pass.', work: { changed: [...changed], checks: [...checks] } });
    return driver.rows().join('\n');
  };
  const unchecked = endsWith([]);
  expect(unchecked).toContain('• Changed: src/a.ts, b.ts (new)');
  expect(unchecked).toContain('└ Nothing was checked after the last change.');
  const checked = endsWith([
    { command: 'npm test', exitCode: 1 },
    { command: 'npm run lint', exitCode: 0 },
  ]);
  expect(checked).toContain('└ Checked afterwards: npm test failed, exit code 1');
  expect(checked).toContain('Checked afterwards: npm run lint passed');
});

test('17.11: p and n in the pager go to the user’s messages', () => {
  const driver = Driver.ready(80, 12);
  for (const at of [1, 2, 3]) {
    driver.item(said(`u${at}`, `question ${at}`));
    driver.item({ type: 'agentMessage', id: `a${at}`, text: 'line\n\n'.repeat(20) });
  }
  driver.key('ctrl+t');
  const top = () => {
    const { screen } = driver.state;
    return screen?.type === 'pager' ? rowText(pagerScreen(driver.state, screen.view)[1] ?? []).trim() : null;
  };
  const tops = ['p', 'p', 'p', 'p', 'n'].map((key) => {
    driver.type(key);
    return top();
  });
  expect(tops).toEqual(['› question 3', '› question 2', '› question 1', '› question 1', '› question 2']);
});

test('17.8: the status says which subagent waits', () => {
  const driver = Driver.ready();
  driver.turn();
  const request = { type: 'network', questionId: 'q', host: 'x.example', port: 443, protocol: 'https' } as const;
  driver.event({
    type: 'approval.requested',
    turnId: 't1',
    threadId: 'child',
    agent: 'worker-1',
    request: { ...request, reason: null },
  });
  expect(driver.live().join('\n')).toContain('worker-1 waits for you');
});

test('1: a long past becomes final over several frames, each row once, with what streams behind it', () => {
  const driver = Driver.ready();
  for (let at = 0; at < 10; at += 1) driver.item(said(`u${at}`, `question ${at}`));
  driver.turn();
  driver.item({ type: 'agentMessage', id: 'a', text: '' }, 'item.started');
  const part = { type: 'item.delta', turnId: 't1', itemId: 'a', part: 'agentMessage' } as const;
  driver.event({ ...part, delta: 'first paragraph\n\nsecond' });
  const whole = view(driver.state, NO_MARK);
  let mark = NO_MARK;
  const rows: string[] = [];
  let live: readonly string[] = [];
  for (let frames = 0; frames < 10; frames += 1) {
    const next = view(driver.state, mark, { most: 3 });
    rows.push(...next.frame.finished.map(rowText));
    live = next.frame.live.map(rowText);
    mark = next.mark;
    if (frames === 0) expect(live.join('\n')).not.toContain('second');
  }
  expect(rows).toEqual(whole.frame.finished.map(rowText));
  expect(live).toEqual(whole.frame.live.map(rowText));
  expect(mark).toEqual(whole.mark);
});

describe('22: the order of what is shown', () => {
  const streaming = () => {
    const driver = Driver.ready();
    driver.turn();
    driver.item({ type: 'agentMessage', id: 'a', text: '' }, 'item.started');
    driver.event({ type: 'item.delta', turnId: 't1', itemId: 'a', part: 'agentMessage', delta: 'I look' });
    driver.item(command({ status: 'inProgress', exitCode: null, aggregatedOutput: null }), 'item.started');
    return driver;
  };

  test('a question that comes while an answer streams is below the answer, and the answer is whole before the command', () => {
    const driver = streaming();
    const request = { type: 'network', questionId: 'q', host: 'x.example', port: 443, protocol: 'https' } as const;
    driver.event({
      type: 'approval.requested',
      turnId: 't1',
      threadId: 'thread-1',
      request: { ...request, reason: null },
    });
    const first = driver.live().join('\n');
    expect(first.indexOf('I look')).toBeLessThan(first.indexOf('Running make'));
    expect(first.indexOf('Running make')).toBeLessThan(first.indexOf('x.example'));
    driver.event({ type: 'item.delta', turnId: 't1', itemId: 'a', part: 'agentMessage', delta: ' around.' });
    driver.item({ type: 'agentMessage', id: 'a', text: 'I look around.' });
    const rows = driver.rows().join('\n');
    expect(rows.split('I look around.')).toHaveLength(2);
    expect(rows.indexOf('I look around.')).toBeLessThan(rows.indexOf('Running make'));
  });

  test('a command that ends before the answer above it is not final before that', () => {
    const driver = streaming();
    driver.item(command({ aggregatedOutput: 'built' }));
    expect(driver.state.transcript.past.some((entry) => entry.type === 'item')).toBe(false);
    driver.item({ type: 'agentMessage', id: 'a', text: 'I look around.' });
    const items = driver.state.transcript.past.flatMap((entry) => (entry.type === 'item' ? entry.item.id : []));
    expect(items).toEqual(['a', 'c1']);
    expect(driver.rows().filter((row) => row.startsWith('• Ran make'))).toHaveLength(1);
  });
});
