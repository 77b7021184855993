import { describe, expect, test } from 'vitest';
import { BurstDetector, InputDecoder } from '../../../src/surfaces/tui/terminal/index.ts';
import { pagerHeight } from '../../../src/surfaces/tui/view/pager-rows.ts';
import { Driver, trustOf } from './driver.ts';

/** Bytes as a terminal hands them over in one read. `marksPastes`: whether it was found to mark pastes. */
function read(driver: Driver, bytes: string, marksPastes: boolean): void {
  const bursts = new BurstDetector();
  bursts.setMarked(marksPastes);
  driver.now += 1_000;
  for (const event of bursts.push(new InputDecoder().push(Buffer.from(bytes)), driver.now)) {
    driver.send({ type: 'input', event, at: driver.now });
  }
}

function withTranscript(): Driver {
  const driver = Driver.ready(80, 12);
  for (let at = 0; at < 40; at += 1) driver.item({ type: 'agentMessage', id: `a${at}`, text: `answer ${at}` });
  return driver;
}

function withQuestion(driver: Driver): void {
  driver.turn();
  const request = { type: 'network', questionId: 'q', host: 'x.example', port: 443, protocol: 'https' } as const;
  const event = { turnId: 't1', threadId: 'thread-1', request: { ...request, reason: null } } as const;
  driver.event({ type: 'approval.requested', ...event });
  driver.painted();
}

const below = ({ state: { screen } }: Driver) => (screen?.type === 'pager' ? screen.view.below : null);

describe('keys that come in one read while the pager is open', () => {
  test.each([true, false])('q closes it and the rest is the draft; terminal marks pastes: %s', (marksPastes) => {
    const driver = withTranscript();
    driver.key('ctrl+t');
    read(driver, 'qhi', marksPastes);
    expect(driver.state.screen).toBeNull();
    expect(driver.draft()).toBe('hi');
  });

  test('Enter behind them sends what they wrote, where pastes are marked', () => {
    const driver = withTranscript();
    driver.key('ctrl+t');
    read(driver, 'qhi\r', true);
    expect(driver.sent()).toEqual(['hi']);
  });

  test('Enter behind them is a line end and sends nothing, where they may be a paste', () => {
    const driver = withTranscript();
    driver.key('ctrl+t');
    read(driver, 'qhi\r', false);
    expect(driver.sent()).toEqual([]);
    expect(driver.draft()).toBe('hi\n');
  });

  test.each([
    ['kkk', 3],
    ['kkkj', 2],
    ['kkkG', 0],
    ['gb', null],
    ['bb', 2 * pagerHeight({ columns: 80, rows: 12 })],
  ])('%s moves as its letters do one by one', (letters, expected) => {
    const [atOnce, oneByOne] = [withTranscript(), withTranscript()];
    for (const driver of [atOnce, oneByOne]) driver.key('ctrl+t');
    read(atOnce, letters, true);
    oneByOne.type(letters);
    expect(below(atOnce)).toBe(below(oneByOne));
    if (expected !== null) expect(below(atOnce)).toBe(expected);
  });

  test('? behind q opens the help, and a second q closes that', () => {
    const driver = withTranscript();
    driver.key('ctrl+t');
    read(driver, 'q?', true);
    expect(driver.state.screen).toMatchObject({ view: { content: { type: 'help' } } });
    read(driver, 'qx', true);
    expect(driver.state.screen).toBeNull();
    expect(driver.draft()).toBe('x');
  });

  test('a whole page of text is no keys: nothing is closed and nothing of it is sent', () => {
    const driver = withTranscript();
    driver.key('ctrl+t');
    read(driver, `q ${'words that were pasted '.repeat(20)}\r`, false);
    expect(driver.state.screen).toMatchObject({ type: 'pager' });
    expect(driver.sent()).toEqual([]);
  });

  test('a marked paste presses no key, and is in the draft when the pager is closed', () => {
    const driver = withTranscript();
    driver.key('ctrl+t');
    read(driver, '\u001b[200~q\u001b[201~', true);
    expect(driver.state.screen).toMatchObject({ type: 'pager' });
    driver.type('q');
    expect(driver.draft()).toBe('q');
  });

  test('letters of the keys that follow belong to nobody’s answer: a question behind the pager stays open', () => {
    const driver = withTranscript();
    withQuestion(driver);
    driver.now += 1_000;
    driver.key('ctrl+a');
    read(driver, 'qy', true);
    expect(driver.state.screen).toBeNull();
    expect(driver.state.approvals).toHaveLength(1);
    expect(driver.draft()).toBe('y');
  });

  test('a question takes no key within its rest after the pager was closed, and takes one later', () => {
    const driver = withTranscript();
    withQuestion(driver);
    driver.now += 1_000;
    driver.key('ctrl+a');
    driver.now += 1_000;
    driver.type('qy');
    expect(driver.state.approvals).toHaveLength(1);
    driver.key('backspace');
    driver.now += 1_000;
    driver.type('y');
    expect(driver.state.approvals).toEqual([]);
  });
});

describe('keys that come in one read while a list is open', () => {
  const withModes = () => {
    const driver = Driver.ready();
    driver.type('/approvals');
    driver.key('enter');
    return driver;
  };
  const selected = ({ state: { screen } }: Driver) => (screen?.type === 'picker' ? screen.view.selected : null);

  test('moves are made one after the other', () => {
    const [atOnce, oneByOne] = [withModes(), withModes()];
    read(atOnce, 'jj', true);
    oneByOne.type('jj');
    expect(selected(atOnce)).not.toBeNull();
    expect(selected(atOnce)).toBe(selected(oneByOne));
  });

  test('a number behind moves chooses', () => {
    const driver = withModes();
    read(driver, 'j1', true);
    expect(driver.state.screen).toBeNull();
  });

  test.each(['1 first', '10 lines', 'jump', '11'])('%j is no choice: a number in it may be part of a text', (text) => {
    const driver = withModes();
    const before = selected(driver);
    read(driver, text, false);
    expect(selected(driver)).toBe(before);
  });

  test('trust is not given by text that begins with the number of the answer, and a paste of it goes to the draft', () => {
    const driver = Driver.ready(80, 24, { trustQuestion: trustOf() });
    read(driver, '1 is what I mean', false);
    read(driver, '\u001b[200~1\u001b[201~', true);
    expect(driver.state.screen).toMatchObject({ view: { purpose: { type: 'trust' } } });
    expect(driver.effects.filter(({ type }) => type === 'trust')).toEqual([]);
    expect(driver.draft()).toBe('1');
  });

  test('a search takes all of them', () => {
    const driver = Driver.ready();
    driver.key('ctrl+r');
    read(driver, 'q1j', true);
    expect(driver.state.screen).toMatchObject({ view: { query: 'q1j' } });
  });

  test('Backspace in a search takes one character away, of however many code points it is', () => {
    const driver = Driver.ready();
    driver.key('ctrl+r');
    read(driver, 'a👩‍👩‍👧', true);
    driver.key('backspace');
    expect(driver.state.screen).toMatchObject({ view: { query: 'a' } });
  });
});

test('a field takes a burst as it is, line ends as blanks, and Backspace takes one character away', () => {
  const driver = Driver.ready();
  driver.type('/rename');
  driver.key('enter');
  expect(driver.state.screen).toMatchObject({ type: 'prompt' });
  read(driver, 'nöch q1', true);
  driver.paste('e\u0301\nx');
  driver.key('backspace');
  driver.key('backspace');
  driver.key('backspace');
  expect(driver.state.screen).toMatchObject({ view: { text: 'nöch q1' } });
});

test('a burst while a question waits is the draft, whatever letter is its first', () => {
  const driver = withTranscript();
  withQuestion(driver);
  read(driver, 'yes please', true);
  expect(driver.state.approvals).toHaveLength(1);
  expect(driver.draft()).toBe('yes please');
});
