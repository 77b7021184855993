import { describe, expect, test } from 'vitest';
import type { ApprovalRequest, ThreadItemOf } from '../../../src/foundation/protocol/index.ts';
import { rowText } from '../../../src/surfaces/text/index.ts';
import { view } from '../../../src/surfaces/tui/view/view.ts';
import { Driver } from './driver.ts';

const REST = 400;

/** A turn that asks; the dialog has been on the screen long enough to be answered. */
function asking(more: Partial<Extract<ApprovalRequest, { type: 'command' }>> = {}, ids = ['q1']): Driver {
  const driver = Driver.ready();
  driver.turn();
  for (const questionId of ids) ask(driver, questionId, more);
  driver.painted();
  driver.now += REST;
  return driver;
}

function ask(
  driver: Driver,
  questionId: string,
  more: Partial<Extract<ApprovalRequest, { type: 'command' }>> = {},
): void {
  driver.event({
    type: 'approval.requested',
    turnId: 't1',
    threadId: 'thread-1',
    request: {
      type: 'command',
      questionId,
      callId: 'c1',
      command: ['bash', '-lc', 'npm test -- --watch'],
      cwd: '/home/ada/app',
      commandActions: [],
      reason: 'the tests have to run',
      escalated: false,
      ...more,
    },
  });
}

const rule = { proposedRule: { prefix: ['npm', 'test'], wouldMatch: ['npm test -- x'] } };

test('a call that the user is asked about waits, and runs only once it is allowed', () => {
  const driver = asking();
  const command: ThreadItemOf<'commandExecution'> = {
    type: 'commandExecution',
    id: 'c1',
    command: 'npm test',
    cwd: '/home/ada/app',
    processId: null,
    source: 'agent',
    status: 'inProgress',
    commandActions: [],
    aggregatedOutput: null,
    exitCode: null,
    durationMs: null,
  };
  driver.item(command, 'item.started');
  driver.item({ ...command, id: 'c10' }, 'item.started');
  expect(driver.live().filter((row) => row.includes('• '))).toEqual([
    '• Waiting for you: npm test',
    '• Running npm test',
  ]);
  driver.event({ type: 'approval.resolved', turnId: 't1', questionId: 'q1' });
  expect(driver.live()).toContain('• Running npm test');
  expect(driver.live().join('\n')).not.toContain('Waiting');
});

describe('21: answers', () => {
  test.each([
    ['y', { type: 'approved' }],
    ['1', { type: 'approved' }],
    ['aa', { type: 'approvedForSession' }],
    ['22', { type: 'approvedForSession' }],
    ['pp', { type: 'approvedAndRemembered' }],
    ['33', { type: 'approvedAndRemembered' }],
  ])('"%s" is %o', (keys, decision) => {
    const driver = asking(rule);
    driver.type(keys);
    expect(driver.ops()).toEqual([{ type: 'approval', questionId: 'q1', decision }]);
  });

  test('Enter takes the selected one, Esc and Ctrl-C stop the turn, n lets the turn continue with a word on what to do', () => {
    const decisions = (act: (driver: Driver) => void) => {
      const driver = asking();
      act(driver);
      return driver.ops();
    };
    const decided = (decision: object) => [{ type: 'approval', questionId: 'q1', decision }];
    expect(decisions((driver) => driver.key('enter'))).toEqual(decided({ type: 'approved' }));
    expect(decisions((driver) => driver.key('escape'))).toEqual(decided({ type: 'abort' }));
    expect(decisions((driver) => driver.key('ctrl+c'))).toEqual(decided({ type: 'abort' }));
    const denial = decisions((driver) => {
      driver.type('nuse make');
      driver.key('enter');
    });
    expect(denial).toEqual(decided({ type: 'denied', message: 'use make' }));
  });

  test('what lasts needs its key twice: once alone does nothing', () => {
    const driver = asking(rule);
    driver.type('a');
    expect(driver.ops()).toEqual([]);
    expect(driver.live().join(' ').replaceAll(/\s+/g, ' ')).toContain('a again to confirm');
    driver.type('y');
    expect(driver.ops()).toMatchObject([{ decision: { type: 'approved' } }]);
  });

  test('several are answered in the order in which they were asked', () => {
    const driver = asking({}, ['q1', 'q2']);
    expect(driver.live().join('\n')).toContain('1 more question waits');
    driver.type('y');
    driver.type('y');
    expect(driver.ops()).toHaveLength(1);
    driver.painted();
    driver.now += REST;
    driver.type('y');
    expect(driver.ops().map((op) => op.type === 'approval' && op.questionId)).toEqual(['q1', 'q2']);
  });

  test('none is left when the turn is stopped', () => {
    const driver = asking({}, ['q1', 'q2']);
    driver.key('ctrl+c');
    driver.turnEnds('interrupted');
    expect(driver.state.approvals).toEqual([]);
  });
});

describe('17.2: a dialog never eats typing', () => {
  test('keys before it was painted, and those that follow each other quickly, go to the draft', () => {
    const driver = Driver.ready();
    driver.turn();
    ask(driver, 'q1');
    driver.type('y');
    driver.painted();
    driver.type('es please');
    driver.key('backspace');
    expect(driver.ops()).toEqual([]);
    expect(driver.draft()).toBe('yes pleas');
  });

  test('each key that it does not take starts the rest again', () => {
    const driver = asking();
    driver.now -= REST;
    for (const _ of [1, 2, 3]) {
      driver.type('y');
      driver.now += 300;
    }
    expect(driver.ops()).toEqual([]);
    driver.now += REST;
    driver.type('y');
    expect(driver.ops()).toHaveLength(1);
    expect(driver.draft()).toBe('yyy');
  });

  test('Enter sends what is written, and allows nothing', () => {
    const driver = asking();
    driver.type('wait');
    driver.now += REST;
    driver.key('enter');
    expect(driver.sent()).toEqual(['wait']);
    expect(driver.ops().some(({ type }) => type === 'approval')).toBe(false);
  });

  test('a paste is no answer', () => {
    const driver = asking();
    driver.paste('y');
    expect(driver.ops()).toEqual([]);
    expect(driver.draft()).toBe('y');
  });
});

describe('what is shown', () => {
  test('the command as it would be typed, why, where, and what it could touch', () => {
    const shown = asking(rule).live().join('\n');
    for (const part of [
      'npm test -- --watch',
      'the tests have to run',
      '/home/ada/app',
      'files in /home/ada/app',
      'no network',
    ]) {
      expect(shown).toContain(part);
    }
    expect(shown).toContain('commands that start with `npm test`');
    expect(shown).toContain('npm test -- x');
    expect(asking({ escalated: true }).live().join('\n')).toContain('no sandbox');
  });

  test('17.5: the end of a long command is visible first, and all of it can be reached', () => {
    const script = Array.from({ length: 100 }, (_, at) => `step ${at}`).join('\n');
    const driver = asking({ command: ['bash', '-lc', script] });
    expect(driver.live().join('\n')).toContain('step 99');
    expect(driver.live().join('\n')).not.toContain('step 0\n');
    for (let at = 0; at < 10; at += 1) driver.key('pageup');
    expect(driver.live().join('\n')).toContain('step 0\n');
    driver.key('ctrl+a');
    expect(driver.state.screen).toMatchObject({ type: 'pager', view: { content: { type: 'approval' } } });
    driver.key('escape');
    expect(driver.state.screen).toBeNull();
    expect(driver.ops()).toEqual([]);
  });
});

test('17.10: while a denial is written the cursor is behind its last letter', () => {
  const driver = asking();
  driver.type('n');
  driver.type('use 漢');
  const { frame } = view(driver.state, { entries: driver.state.transcript.past.length, pieces: 0 });
  const text = frame.live.map(rowText);
  expect(frame.cursor).toEqual({ row: text.findIndex((row) => row.startsWith('› use 漢')), column: 8 });
});

test('17.5: the pager opens while a question waits, which is still there when it closes', () => {
  const driver = asking();
  driver.key('ctrl+t');
  expect(driver.state.screen).toMatchObject({ type: 'pager' });
  driver.type('y');
  expect(driver.ops()).toEqual([]);
  driver.key('escape');
  expect(driver.state.approvals).toHaveLength(1);
  driver.now += REST;
  driver.type('y');
  expect(driver.ops()).toEqual([{ type: 'approval', questionId: 'q1', decision: { type: 'approved' } }]);
});
