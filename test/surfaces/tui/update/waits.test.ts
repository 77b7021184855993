import { expect, test } from 'vitest';
import type { SessionEvent } from '../../../../src/foundation/protocol/index.ts';
import { answer, command, usage, usageUpdated } from '../../sample-items.ts';
import { Driver } from '../driver.ts';

const WAIT = 'Reconnecting… 1/5';
const wait: SessionEvent = {
  type: 'error',
  turnId: 't1',
  error: { kind: 'responseStreamDisconnected', message: WAIT },
  willRetry: true,
};

const line = (driver: Driver) => driver.live().find((row) => row.includes('Esc interrupts')) ?? '';

function waiting(): Driver {
  const driver = Driver.ready();
  driver.turn();
  driver.item({ type: 'reasoning', id: 'r', summary: [], content: [] }, 'item.started');
  driver.event({
    type: 'item.delta',
    turnId: 't1',
    itemId: 'r',
    part: 'reasoningSummary',
    delta: '**Looking around**',
  });
  driver.event(wait);
  return driver;
}

test('while a request is tried again the status line says so, and no notice does', () => {
  const driver = waiting();
  expect(line(driver)).toContain(`${WAIT} (`);
  expect(driver.rows().filter((row) => row.includes(WAIT))).toHaveLength(1);
});

test.each<[string, SessionEvent]>([
  ['an item that starts', { type: 'item.started', turnId: 't1', item: command({ status: 'inProgress' }) }],
  ['an item that changes', { type: 'item.updated', turnId: 't1', item: command({ status: 'inProgress' }) }],
  ['an item that is whole', { type: 'item.completed', turnId: 't1', item: answer('Hello.') }],
  ['a piece of text', { type: 'item.delta', turnId: 't1', itemId: 'r', part: 'reasoningSummary', delta: 'x' }],
  ['a count of tokens', usageUpdated(usage({ total_tokens: 5 }))],
])('%s ends the wait', (_, event) => {
  const driver = waiting();
  driver.event(event);
  expect(line(driver)).not.toContain(WAIT);
});

test('after the wait the heading of the model is there again, and a second wait takes its place', () => {
  const driver = waiting();
  driver.event(usageUpdated(usage({ total_tokens: 5 })));
  expect(line(driver)).toContain('Looking around (');
  driver.event({ ...wait, error: { kind: 'usageLimitExceeded', message: 'Waiting until the limit resets' } });
  expect(line(driver)).toContain('Waiting until the limit resets (');
});

test('the wait of a turn that is over is not on the line of the next', () => {
  const driver = waiting();
  driver.turnEnds();
  driver.turn('t2');
  expect(line(driver)).toContain('Working (');
});
