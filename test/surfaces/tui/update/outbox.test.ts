import { describe, expect, test } from 'vitest';
import { threadStarted } from '../../sample-items.ts';
import { Driver, SETUP } from '../driver.ts';

/** What waits, in its order: `sent` and `queued` with their texts. */
const outbox = ({ state }: Driver) => state.outbox.map(({ status, atoms }) => `${status} ${atoms.join('')}`);

function send(driver: Driver, text: string, key: 'enter' | 'tab' = 'enter'): void {
  driver.type(text);
  driver.key(key);
}

/** A turn that runs, with these messages queued behind it. */
function queued(...texts: string[]): Driver {
  const driver = Driver.ready();
  driver.turn();
  for (const text of texts) send(driver, text, 'tab');
  return driver;
}

describe('what later threads can recall', () => {
  const kept = ({ effects }: Driver) =>
    effects.flatMap((effect) =>
      effect.type === 'submit' && effect.op.type === 'addToHistory' ? [effect.op.text] : [],
    );
  const edit = (driver: Driver, more: string) => {
    driver.key('alt+up');
    driver.type(more);
    driver.key('enter');
  };

  test('has a message that was written before the thread was open, once it is sent', () => {
    const driver = new Driver();
    send(driver, 'early');
    expect(kept(driver)).toEqual([]);
    driver.send({ type: 'setUp', setup: SETUP });
    driver.event(threadStarted());
    expect(driver.sent()).toEqual(['early']);
    expect(kept(driver)).toEqual(['early']);
  });

  test('has a queued message as it was edited, and Up brings it back', () => {
    const driver = queued('later');
    edit(driver, ' on');
    driver.turnEnds();
    expect(driver.sent()).toEqual(['later on']);
    expect(kept(driver)).toEqual(['later', 'later on']);
    driver.key('up');
    expect(driver.draft()).toBe('later on');
  });

  test('has one that was looked at and not changed once', () => {
    const driver = queued('later');
    edit(driver, '');
    driver.turnEnds();
    expect(kept(driver)).toEqual(['later']);
  });
});

describe('a message', () => {
  test('before the thread is open waits for it, and is sent first', () => {
    const driver = new Driver();
    send(driver, 'one');
    send(driver, 'two');
    expect(outbox(driver)).toEqual(['queued one', 'queued two']);
    expect(driver.sent()).toEqual([]);
  });

  test('is sent at once while a turn runs with Enter, and waits with Tab', () => {
    const driver = Driver.ready();
    driver.turn();
    send(driver, 'steer');
    send(driver, 'later', 'tab');
    expect(driver.sent()).toEqual(['steer']);
    expect(outbox(driver)).toEqual(['sent steer', 'queued later']);
  });

  test('leaves the outbox when the model has taken it in', () => {
    const driver = Driver.ready();
    driver.turn();
    send(driver, 'steer');
    driver.item({ type: 'userMessage', id: 'u', content: [{ type: 'text', text: 'steer' }] });
    expect(outbox(driver)).toEqual([]);
    expect(driver.state.thread?.messages).toEqual(['steer']);
  });

  test('of blanks is none', () => {
    const driver = Driver.ready();
    send(driver, '   ');
    expect(driver.sent()).toEqual([]);
  });

  test('is sent without the blanks around it', () => {
    const driver = Driver.ready();
    send(driver, '  hello  ');
    expect(driver.sent()).toEqual(['hello']);
  });

  test('has an id of its own each time', () => {
    const driver = Driver.ready();
    for (const text of ['a', 'b', 'c']) send(driver, text);
    const ids = driver.effects.flatMap((effect) =>
      effect.type === 'submit' && effect.op.type === 'userInput' ? (effect.id ?? '') : [],
    );
    expect(new Set(ids).size).toBe(3);
  });
});

describe('the queue', () => {
  test('is sent one by one, each after a turn', () => {
    const driver = queued('one', 'two');
    driver.turnEnds();
    expect(driver.sent()).toEqual(['one']);
    driver.item({ type: 'userMessage', id: 'u', content: [{ type: 'text', text: 'one' }] });
    driver.turnEnds();
    expect(driver.sent()).toEqual(['one', 'two']);
  });

  test('waits after an interrupt until the user sends it', () => {
    const driver = queued('one');
    driver.turnEnds('interrupted');
    expect(driver.sent()).toEqual([]);
    driver.key('enter');
    expect(driver.sent()).toEqual(['one']);
  });

  test('is edited in place, from the newest to the oldest, and an empty text takes a message out', () => {
    const driver = queued('one', 'two', 'three');
    driver.key('alt+up');
    expect(driver.draft()).toBe('three');
    driver.key('alt+up');
    expect(driver.draft()).toBe('two');
    driver.type('!');
    driver.key('enter');
    expect(outbox(driver)).toEqual(['queued one', 'queued two!', 'queued three']);
    driver.key('alt+up');
    driver.key('ctrl+u');
    driver.key('enter');
    expect(outbox(driver)).toEqual(['queued one', 'queued two!']);
  });

  test('that is edited and left with Esc stays as it was', () => {
    const driver = queued('one');
    driver.key('alt+up');
    driver.type(' more');
    driver.key('escape');
    expect(outbox(driver)).toEqual(['queued one']);
    expect(driver.draft()).toBe('');
  });

  test('moves its newest message, or the one that is edited', () => {
    const driver = queued('one', 'two', 'three');
    driver.key('alt+shift+up');
    expect(outbox(driver)).toEqual(['queued one', 'queued three', 'queued two']);
    driver.key('alt+up');
    driver.key('alt+shift+up');
    driver.key('alt+shift+up');
    driver.key('alt+shift+up');
    driver.key('enter');
    expect(outbox(driver)).toEqual(['queued two', 'queued one', 'queued three']);
  });

  test('keeps a draft that was being written for Up', () => {
    const driver = queued('one');
    driver.type('mine');
    driver.key('alt+up');
    expect(driver.draft()).toBe('one');
    driver.key('enter');
    driver.key('up');
    expect(driver.draft()).toBe('mine');
  });

  test('without messages has nothing to edit or move', () => {
    const driver = queued();
    for (const key of ['alt+up', 'alt+shift+up', 'alt+shift+down'] as const) driver.key(key);
    expect([driver.draft(), outbox(driver)]).toEqual(['', []]);
  });
});

describe('messages that were not taken in', () => {
  test('come back before what is written, in their order', () => {
    const driver = Driver.ready();
    driver.turn();
    send(driver, 'one');
    send(driver, 'two');
    driver.type('draft');
    const ids = driver.state.outbox.map(({ id }) => id);
    driver.event({ type: 'submissions.dropped', turnId: 't1', ids });
    expect(driver.draft()).toBe('one\ntwo\ndraft');
    expect(outbox(driver)).toEqual([]);
  });

  test('of others change nothing', () => {
    const driver = Driver.ready();
    driver.type('draft');
    driver.event({ type: 'submissions.dropped', turnId: 't1', ids: ['nobody'] });
    expect(driver.draft()).toBe('draft');
  });

  test('wait in the queue when another thread is opened', () => {
    const driver = Driver.ready();
    send(driver, 'one');
    send(driver, '/new');
    expect(outbox(driver)).toEqual(['queued one']);
    expect(driver.state.isQueuePaused).toBe(true);
  });
});

test('what a keel that was killed had written comes back, and replaces nothing', () => {
  const driver = Driver.ready();
  driver.type('mine');
  driver.send({ type: 'draftRestored', draft: { draft: [...'older'], queue: [[...'waiting']] } });
  expect([driver.draft(), outbox(driver)]).toEqual(['mine', ['queued waiting']]);
  driver.key('ctrl+c');
  const other = Driver.ready();
  other.send({ type: 'draftRestored', draft: { draft: [...'older'], queue: [] } });
  expect(other.draft()).toBe('older');
});
