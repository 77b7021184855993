import { describe, expect, test } from 'vitest';
import type { ApprovalRequest } from '../../../../src/foundation/protocol/index.ts';
import { QUESTIONS } from '../../../support/questions.ts';
import { Driver } from '../driver.ts';

const REST = 400;
const [colour] = QUESTIONS;
const shown = (driver: Driver) => driver.live().join(' ').replaceAll(/\s+/g, ' ');
/** What is typed while nothing else is on the screen. */
const rested = (driver: Driver) => {
  driver.painted();
  driver.now += REST;
};

function asking(questions: readonly (typeof QUESTIONS)[number][] = QUESTIONS): Driver {
  const driver = Driver.ready();
  driver.turn();
  const asked = { type: 'questions', questionId: 'q1', callId: 'c1', reason: null } as const;
  const request: ApprovalRequest = { ...asked, questions: [...questions] };
  driver.event({ type: 'approval.requested', turnId: 't1', threadId: 'thread-1', request });
  rested(driver);
  return driver;
}

const answers = (content: object) => [{ type: 'approval', questionId: 'q1', decision: { type: 'approved', content } }];

describe('a question of the model', () => {
  test('is shown with its options, what they mean, and a way to say something else', () => {
    const text = shown(asking());
    expect(text).toContain('The agent asks you (1 of 2) Which colour should the button have?');
    expect(text).toContain('1. Blue: As the others. 2. Red: It is easy to see. 3. Something else, in your own words');
    expect(text).toContain('4. No answer: the agent decides itself (Esc)');
  });

  test('is answered by its number, and the next one comes', () => {
    const driver = asking();
    driver.type('2');
    expect(driver.ops()).toEqual([]);
    rested(driver);
    expect(shown(driver)).toContain('The agent asks you (2 of 2) How large should it be?');
    driver.type('1');
    expect(driver.ops()).toEqual(answers({ colour: 'Red', size: 'Small' }));
  });

  test('is answered by arrows and Enter', () => {
    const driver = asking(QUESTIONS.slice(0, 1));
    driver.key('down');
    driver.key('enter');
    expect(driver.ops()).toEqual(answers({ colour: 'Red' }));
  });

  test('is answered in own words; nothing written goes back to the choices', () => {
    const driver = asking(QUESTIONS.slice(0, 1));
    driver.type('3');
    expect(shown(driver)).toContain('Your answer. Enter sends it; Esc goes back.');
    driver.key('enter');
    expect(shown(driver)).toContain('1. Blue');
    driver.type('3');
    driver.type('green, 2');
    driver.key('backspace');
    driver.type('1');
    driver.key('enter');
    expect(driver.ops()).toEqual(answers({ colour: 'green, 1' }));
  });

  test('with two options that read the same is answered with the one whose number was typed', () => {
    const options = [
      { label: 'A: b', description: '' },
      { label: 'A', description: 'b' },
    ];
    const driver = asking([{ id: 'x', header: 'X', question: 'Which?', options }]);
    expect(shown(driver)).toContain('1. A: b 2. A: b 3.');
    driver.type('2');
    expect(driver.ops()).toEqual(answers({ x: 'A' }));
  });

  test('takes no key that came for the one before', () => {
    const driver = asking();
    driver.type('2');
    driver.type('1');
    expect(driver.ops()).toEqual([]);
    expect(driver.draft()).toBe('1');
  });

  test.each(['y', 'a', 'p', 'n', 'x', '5', '9', '0', ' '])('leaves %j, which is no answer, to the draft', (key) => {
    const driver = asking();
    driver.type(key);
    expect(driver.ops()).toEqual([]);
    expect(driver.draft()).toBe(key);
  });

  test('takes nothing before it was on the screen for a while', () => {
    const driver = asking();
    driver.type('hello');
    driver.type('1');
    expect(driver.ops()).toEqual([]);
    expect(driver.draft()).toBe('hello1');
  });

  test('Enter sends a draft that is being written, and answers nothing', () => {
    const driver = asking();
    driver.type('wait');
    driver.now += REST;
    driver.key('enter');
    expect(driver.ops()).toMatchObject([{ type: 'userInput' }]);
    expect(shown(driver)).toContain('Which colour');
  });

  test('Esc means no answer; what was answered before it counts', () => {
    const none = asking();
    none.key('escape');
    expect(none.ops()).toEqual([{ type: 'approval', questionId: 'q1', decision: { type: 'denied' } }]);
    const one = asking();
    one.type('1');
    rested(one);
    one.key('escape');
    expect(one.ops()).toEqual(answers({ colour: 'Blue' }));
  });

  test('Ctrl-C stops the turn', () => {
    const driver = asking();
    driver.key('ctrl+c');
    expect(driver.ops()).toMatchObject([{ decision: { type: 'abort' } }]);
  });

  test('can’t hide or move what is on the screen', () => {
    const hostile = 'a\u001b[2J\u202eb';
    const driver = asking([
      {
        id: 'x',
        header: hostile,
        question: hostile,
        options: [0, 1].map((at) => ({ label: `${hostile}${at}`, description: hostile })),
      },
    ]);
    expect(driver.live().join('\n')).not.toMatch(/\u202e|\u001b\[2J/);
  });

  test('is closed when it is settled elsewhere', () => {
    const driver = asking();
    driver.event({ type: 'approval.resolved', turnId: 't1', questionId: 'q1', decision: 'approved' });
    expect(shown(driver)).not.toContain('Which colour');
  });
});

describe('the transcript', () => {
  const item = { type: 'toolCall', id: 'c1', tool: 'request_user_input', arguments: '{}', durationMs: 5 } as const;
  const rows = (end: { status?: 'declined' | 'failed'; answer?: string; reason?: string }) => {
    const driver = Driver.ready();
    driver.turn();
    driver.item({ ...item, status: 'inProgress' }, 'item.started');
    driver.item({ ...item, status: 'completed', ...end });
    return driver.rows().join('\n');
  };

  test('has what was answered', () => {
    const text = rows({ answer: `${colour?.header}: Red\nSize: no answer` });
    expect(text).toContain('• Asked you');
    expect(text).toMatch(/└ Colour: Red\n\s+Size: no answer/);
  });

  test('says where nothing was answered, and where the call was wrong', () => {
    expect(rows({ status: 'declined', reason: 'not answered' })).toMatch(/Asked you:? not answered/);
    expect(rows({ status: 'failed', reason: 'no questions' })).toMatch(/Failed:? request_user_input: no questions/);
  });
});
