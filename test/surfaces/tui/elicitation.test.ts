import { describe, expect, test } from 'vitest';
import { Driver } from './driver.ts';

const REST = 400;

function asking(requestedSchema: object): Driver {
  const driver = Driver.ready();
  driver.turn();
  const request = {
    type: 'elicitation',
    questionId: 'q1',
    server: 'tracker',
    message: 'Which?',
    requestedSchema,
    reason: null,
  } as const;
  driver.event({ type: 'approval.requested', turnId: 't1', threadId: 'thread-1', request });
  driver.painted();
  driver.now += REST;
  return driver;
}

const shown = (driver: Driver) => driver.live().join(' ').replaceAll(/\s+/g, ' ');
const form = {
  type: 'object',
  properties: {
    name: { type: 'string', title: 'Name', description: 'Of the project.' },
    size: { type: 'integer', default: 3 },
    kind: { type: 'string', enum: ['bug', 'idea'] },
    now: { type: 'boolean' },
  },
  required: ['name', 'kind'],
};

test('a form is filled in field by field; what is wrong is asked again', () => {
  const driver = asking(form);
  expect(shown(driver)).toContain('tracker asks: Which? - Name - size (optional) - kind - now (optional)');
  driver.type('y');
  expect(shown(driver)).toContain('Name: Of the project. Enter: next; Esc: back.');
  driver.key('enter');
  expect(shown(driver)).toContain('an answer is needed');
  driver.type('keel');
  driver.key('enter');
  expect(shown(driver)).toContain('size (empty: 3)');
  driver.key('enter');
  expect(shown(driver)).toContain('kind (1 bug, 2 idea)');
  driver.type('2');
  driver.key('enter');
  driver.type('perhaps');
  driver.key('enter');
  expect(shown(driver)).toContain('answer yes or no');
  for (let at = 0; at < 'perhaps'.length; at += 1) driver.key('backspace');
  driver.key('enter');
  const content = { name: 'keel', size: 3, kind: 'idea' };
  expect(driver.ops()).toEqual([{ type: 'approval', questionId: 'q1', decision: { type: 'approved', content } }]);
});

test.each([
  ['y', { type: 'approved' }],
  ['n', { type: 'denied' }],
])('a question without fields: %s', (key, decision) => {
  const driver = asking({ type: 'object', properties: {} });
  driver.type(key);
  expect(driver.ops()).toEqual([{ type: 'approval', questionId: 'q1', decision }]);
});

test('Esc goes back from a field, and then stops the turn', () => {
  const driver = asking(form);
  driver.type('y');
  driver.key('escape');
  expect(driver.ops()).toEqual([]);
  driver.key('escape');
  expect(driver.ops()).toMatchObject([{ decision: { type: 'abort' } }]);
});

describe('a page that a server asks to open', () => {
  const url = 'https://pay.example.com/order?id=7';

  function askingToOpen(): Driver {
    const driver = Driver.ready();
    driver.turn();
    const asked = { type: 'elicitationUrl', questionId: 'q1', server: 'shop', message: 'Please pay.', url } as const;
    const request = { ...asked, reason: null };
    driver.event({ type: 'approval.requested', turnId: 't1', threadId: 'thread-1', request });
    driver.painted();
    driver.now += REST;
    return driver;
  }
  const opened = (driver: Driver) => driver.effects.filter(({ type }) => type === 'openAddress');

  test('is shown with its host and its whole address', () => {
    const text = shown(askingToOpen());
    for (const part of ['shop asks: Please pay.', url, 'host pay.example.com']) expect(text).toContain(part);
  });

  test('is opened on a yes', () => {
    const driver = askingToOpen();
    driver.type('y');
    expect(opened(driver)).toEqual([{ type: 'openAddress', url }]);
    expect(driver.ops()).toMatchObject([{ decision: { type: 'approved' } }]);
  });

  test.each(['n', 'escape'] as const)('is not opened on %s', (key) => {
    const driver = askingToOpen();
    if (key === 'escape') driver.key(key);
    else driver.type(key);
    expect(opened(driver)).toEqual([]);
    expect(driver.ops()).toMatchObject([{ decision: { type: key === 'n' ? 'denied' : 'abort' } }]);
  });
});

test('a call that runs shows how far its server is', () => {
  const driver = Driver.ready();
  driver.turn();
  const call = {
    type: 'mcpToolCall',
    id: 'm',
    server: 'shop',
    tool: 'pack',
    arguments: {},
    status: 'inProgress',
  } as const;
  const running = { ...call, result: null, error: null, durationMs: null };
  driver.event({ type: 'item.started', turnId: 't1', item: running });
  driver.event({ type: 'item.updated', turnId: 't1', item: { ...running, progress: '3/10 boxes' } });
  expect(shown(driver)).toContain('└ 3/10 boxes');
});

test('a page that its server reports as done closes its question; a report that comes after the turn is shown too', () => {
  const driver = Driver.ready();
  driver.turn();
  const page = { server: 'shop', message: 'Pay', url: 'https://shop.example/', reason: null };
  const request = { type: 'elicitationUrl', questionId: 'q1', ...page } as const;
  driver.event({ type: 'approval.requested', turnId: 't1', threadId: 'thread-1', request });
  expect(shown(driver)).toContain('Open a page for an MCP server?');
  driver.event({ type: 'elicitation.completed', questionId: 'q1', server: 'shop' });
  driver.event({ type: 'approval.resolved', turnId: 't1', questionId: 'q1', decision: 'approved' });
  expect(driver.state.approvals).toEqual([]);
  driver.turnEnds();
  driver.event({ type: 'elicitation.completed', questionId: 'q2', server: 'bank\u001b[2J' });
  const text = driver.rows().join('\n');
  expect(text).toContain('The MCP server shop reports that its page is done.');
  expect(text).toContain('The MCP server bank');
  expect(text).not.toContain('\u001b');
  expect(driver.ops()).toEqual([]);
});
