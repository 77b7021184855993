import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Driver } from '../driver.ts';

/** What the user and the session do to messages that wait. */
type Act = 'queue' | 'steer' | 'edit' | 'empty' | 'earlier' | 'later' | 'taken' | 'ends' | 'interrupt' | 'next';
const acts = fc.array(
  fc.constantFrom<Act>(
    'queue',
    'queue',
    'steer',
    'edit',
    'empty',
    'earlier',
    'later',
    'taken',
    'ends',
    'interrupt',
    'next',
  ),
  { maxLength: 25 },
);

/** The same with plain lists: the simplest thing that waiting messages can be compared with. */
class Model {
  queue: string[] = [];
  sent: string[] = [];
  draft = '';
  isTurning = true;
  isPaused = false;
  submitted: string[] = [];

  submit(text: string): void {
    this.submitted.push(text);
    this.sent.push(text);
  }

  /** The first of the queue is sent; the session starts a turn with it. */
  next(): void {
    const text = this.queue.shift();
    if (text === undefined) return;
    this.isPaused = false;
    this.submit(text);
  }
}

/** Drives both. Each message is another one, so that none can be taken for another. */
class Pair {
  readonly driver = Driver.ready();
  readonly model = new Model();
  #count = 0;

  constructor() {
    this.driver.turn();
  }

  does(act: Act): void {
    const { driver, model } = this;
    switch (act) {
      case 'queue':
      case 'steer': {
        if (!model.isTurning) return;
        const text = `m${this.#count}`;
        this.#count += 1;
        this.#clear();
        driver.type(text);
        driver.key(act === 'queue' ? 'tab' : 'enter');
        if (act === 'queue') model.queue.push(text);
        else model.submit(text);
        return;
      }
      case 'edit':
      case 'empty': {
        if (model.queue.length === 0) return;
        this.#clear();
        driver.key('alt+up');
        driver.key('ctrl+u');
        const text = `e${this.#count}`;
        this.#count += 1;
        if (act === 'edit') driver.type(text);
        driver.key('enter');
        model.queue.splice(-1, 1, ...(act === 'edit' ? [text] : []));
        return;
      }
      case 'earlier':
      case 'later': {
        driver.key(act === 'earlier' ? 'alt+shift+up' : 'alt+shift+down');
        const last = model.queue.length - 1;
        const [one, other] = [model.queue[last - 1], model.queue[last]];
        if (act === 'earlier' && one !== undefined && other !== undefined) model.queue.splice(-2, 2, other, one);
        return;
      }
      case 'taken': {
        const [text] = model.sent;
        if (text === undefined || !model.isTurning) return;
        driver.item({ type: 'userMessage', id: `u-${text}`, content: [{ type: 'text', text }] });
        model.sent.shift();
        return;
      }
      case 'ends':
        if (!model.isTurning) return;
        driver.turnEnds();
        model.isTurning = false;
        if (!model.isPaused && model.sent.length === 0) model.next();
        return this.#follow();
      case 'interrupt': {
        if (!model.isTurning) return;
        this.#clear();
        const ids = driver.state.outbox.flatMap(({ id, status }) => (status === 'sent' ? id : []));
        driver.key('escape');
        driver.event({ type: 'submissions.dropped', turnId: 't1', ids });
        driver.turnEnds('interrupted');
        model.draft = model.sent.join('\n');
        model.sent = [];
        model.isTurning = false;
        model.isPaused = model.queue.length > 0;
        return;
      }
      case 'next':
        if (model.isTurning) return;
        this.#clear();
        driver.key('enter');
        if (model.isPaused) model.next();
        return this.#follow();
    }
  }

  /** The session starts a turn with what it was sent. */
  #follow(): void {
    if (this.model.sent.length === 0) return;
    this.driver.turn();
    this.model.isTurning = true;
  }

  #clear(): void {
    if (this.driver.draft() !== '') this.driver.key('ctrl+c');
    this.model.draft = '';
  }

  compare(): void {
    const { driver, model } = this;
    const waiting = (wanted: string) =>
      driver.state.outbox.flatMap(({ status, atoms }) => (status === wanted ? atoms.join('') : []));
    expect(waiting('queued')).toEqual(model.queue);
    expect(waiting('sent')).toEqual(model.sent);
    expect(driver.sent()).toEqual(model.submitted);
    if (model.draft !== '') expect(driver.draft()).toBe(model.draft);
    const shown = driver.live().join('\n');
    for (const [index, text] of model.queue.entries()) expect(shown).toContain(`${index + 1}. ${text}`);
    for (const text of model.sent) expect(shown).toContain(`↳ ${text}`);
  }
}

test('18, 17.6: messages that wait are what plain lists of them are, and none is lost or sent twice', () => {
  fc.assert(
    fc.property(acts, (steps) => {
      const pair = new Pair();
      for (const step of steps) {
        pair.does(step);
        pair.compare();
      }
      const { submitted } = pair.model;
      expect(new Set(submitted).size).toBe(submitted.length);
    }),
    { numRuns: 80 },
  );
});

test('17.6: Alt-Up goes through the queue from the newest to the oldest, and Esc leaves each as it is', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 8 }), (count, ups) => {
      const driver = Driver.ready();
      driver.turn();
      for (let at = 0; at < count; at += 1) {
        driver.type(`m${at}`);
        driver.key('tab');
      }
      for (let at = 0; at < ups; at += 1) driver.key('alt+up');
      expect(driver.draft()).toBe(`m${Math.max(0, count - ups)}`);
      driver.type(' changed');
      driver.key('escape');
      expect(driver.state.outbox.map(({ atoms }) => atoms.join(''))).toEqual(
        Array.from({ length: count }, (_, at) => `m${at}`),
      );
      expect(driver.state.turn).not.toBeNull();
    }),
    { numRuns: 30 },
  );
});
