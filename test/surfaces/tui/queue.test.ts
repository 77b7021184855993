import fc from 'fast-check';
import { expect, test } from 'vitest';
import { visibleText } from '../../../src/surfaces/tui/composer/index.ts';
import { Driver } from './driver.ts';

function queued(...texts: readonly string[]): Driver {
  const driver = Driver.ready();
  driver.turn();
  for (const text of texts) {
    driver.type(text);
    driver.key('tab');
  }
  return driver;
}

const queue = (driver: Driver) => driver.state.outbox.map(({ atoms }) => visibleText(atoms));

test('17.6: the newest message of the queue moves up, and what is sent at the end of the turn is the first', () => {
  const driver = queued('one', 'two', 'three');
  driver.key('alt+shift+up');
  expect(queue(driver)).toEqual(['one', 'three', 'two']);
  driver.key('alt+up');
  driver.key('alt+up');
  expect(driver.draft()).toBe('three');
  driver.key('alt+shift+up');
  expect(queue(driver)).toEqual(['three', 'one', 'two']);
  driver.type('!');
  driver.key('enter');
  expect(queue(driver)).toEqual(['three!', 'one', 'two']);
  driver.turnEnds();
  expect(driver.sent()).toEqual(['three!']);
});

test('17.6: moving stops at the ends of the queue, and steered messages are not part of it', () => {
  const driver = queued('one', 'two');
  driver.type('steer');
  driver.key('enter');
  driver.key('alt+shift+down');
  expect(queue(driver)).toEqual(['one', 'two', 'steer']);
  driver.key('alt+shift+up');
  driver.key('alt+up');
  driver.key('alt+up');
  driver.key('alt+shift+up');
  expect(queue(driver)).toEqual(['two', 'one', 'steer']);
  driver.key('alt+shift+down');
  expect(queue(driver)).toEqual(['one', 'two', 'steer']);
  expect(driver.draft()).toBe('two');
});

test('nothing moves where nothing is queued', () => {
  const driver = Driver.ready();
  const before = driver.state.outbox;
  driver.key('alt+shift+up');
  expect(driver.state.outbox).toEqual(before);
});

test('whatever is edited and moved, no message of the queue is lost or there twice', () => {
  const key = fc.constantFrom('alt+up', 'alt+shift+up', 'alt+shift+down', 'enter', 'escape' as const);
  fc.assert(
    fc.property(fc.array(key, { maxLength: 20 }), (keys) => {
      const driver = queued('one', 'two', 'three', 'four');
      // Esc interrupts where nothing is edited, which this is not about.
      for (const one of keys) if (one !== 'escape' || driver.state.editing !== null) driver.key(one as 'alt+up');
      expect(queue(driver).toSorted()).toEqual(['four', 'one', 'three', 'two']);
    }),
    { numRuns: Number(process.env['KEEL_RUNS'] ?? 40) },
  );
});

test('17.3: /raw and Alt-R show the source of the last answer, which copies as it was written', () => {
  const driver = Driver.ready();
  driver.type('/raw');
  driver.key('enter');
  expect(driver.rows().join('\n')).toContain('There is no answer yet.');
  driver.item({ type: 'agentMessage', id: 'a', text: 'A **bold** word\n\n```js\nconst a = 1;\n```' });
  driver.type('/raw');
  driver.key('enter');
  driver.key('alt+r');
  const text = driver.rows().join('\n');
  expect(text.split('A **bold** word\n\n```js\nconst a = 1;\n```')).toHaveLength(3);
});

test('the source comes before what still streams, so that nothing waits', () => {
  const driver = Driver.ready();
  driver.item({ type: 'agentMessage', id: 'a', text: 'A *word*' });
  driver.turn();
  driver.item({ type: 'agentMessage', id: 'b', text: '' }, 'item.started');
  driver.event({ type: 'item.delta', turnId: 't1', itemId: 'b', part: 'agentMessage', delta: 'streaming' });
  driver.key('alt+r');
  const text = driver.rows().join('\n');
  expect(text.indexOf('A *word*')).toBeGreaterThan(0);
  expect(text.indexOf('A *word*')).toBeLessThan(text.indexOf('streaming'));
});
