import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Driver } from '../driver.ts';

type Act = 'up' | 'down' | 'send' | 'clear' | 'type' | 'right';
const acts = fc.array(fc.constantFrom<Act>('up', 'up', 'down', 'send', 'clear', 'type', 'right'), { maxLength: 30 });

/** Entries, where in them one is (their number: nowhere), and what is written. */
class Model {
  entries: string[];
  at: number;
  draft = '';
  cursor = 0;

  constructor(entries: readonly string[]) {
    this.entries = [...entries];
    this.at = entries.length;
  }

  /** Whether Up and Down go through the entries: nothing is written, or an entry as it is, with the cursor at its start. */
  get isBrowsing(): boolean {
    return this.draft === '' || (this.entries[this.at] === this.draft && this.cursor === 0);
  }

  show(at: number): void {
    const entry = this.entries[at];
    if (entry === undefined && at < this.entries.length) return;
    this.at = at;
    this.draft = entry ?? '';
    this.cursor = 0;
  }

  keep(): void {
    if (this.draft !== '' && this.entries.at(-1) !== this.draft) this.entries.push(this.draft);
    this.at = this.entries.length;
    this.draft = '';
    this.cursor = 0;
  }
}

function does(driver: Driver, model: Model, act: Act, count: number): void {
  switch (act) {
    case 'up':
      driver.key('up');
      // In a draft of one row Up goes to its start.
      if (model.isBrowsing) model.show(Math.max(0, Math.min(model.at, model.entries.length) - 1));
      else model.cursor = 0;
      return;
    case 'down':
      driver.key('down');
      if (!model.isBrowsing) model.cursor = model.draft.length;
      else if (model.at < model.entries.length) model.show(model.at + 1);
      return;
    case 'send':
      driver.key('enter');
      if (model.draft !== '') model.keep();
      return;
    case 'clear':
      if (model.draft === '') return;
      driver.key('ctrl+c');
      return model.keep();
    case 'type': {
      const letter = String.fromCharCode(97 + (count % 26));
      driver.type(letter);
      model.draft = model.draft.slice(0, model.cursor) + letter + model.draft.slice(model.cursor);
      model.cursor += 1;
      return;
    }
    case 'right':
      driver.key('right');
      model.cursor = Math.min(model.draft.length, model.cursor + 1);
      return;
  }
}

test('14: what is recalled is what a plain list of entries has, and no draft of one’s own is replaced', () => {
  fc.assert(
    fc.property(acts, fc.array(fc.stringMatching(/^[a-z]{1,5}$/), { maxLength: 4 }), (steps, earlier) => {
      const driver = Driver.ready();
      driver.send({ type: 'historyRead', texts: earlier });
      const model = new Model(earlier);
      for (const [count, act] of steps.entries()) {
        const own = model.isBrowsing ? null : model.draft;
        does(driver, model, act, count);
        if (own !== null && (act === 'up' || act === 'down')) expect(driver.draft()).toBe(own);
        expect(driver.draft()).toBe(model.draft);
        expect(driver.state.composer.draft.cursor).toBe(model.cursor);
      }
    }),
    { numRuns: 150 },
  );
});

describe('14: all that was written', () => {
  test('can be reached with Up, newest first, and Down leads back to the empty draft', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.stringMatching(/^[a-z]{1,6}$/), { maxLength: 8 }), (texts) => {
        const driver = Driver.ready();
        for (const text of texts) {
          driver.type(text);
          driver.key('enter');
        }
        const seen = texts.map(() => {
          driver.key('up');
          return driver.draft();
        });
        expect(seen).toEqual(texts.toReversed());
        for (const _ of texts) driver.key('down');
        expect(driver.draft()).toBe('');
      }),
      { numRuns: 40 },
    );
  });

  test('is found by Ctrl-R by any part of it, in any letter case', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.stringMatching(/^[a-d]{2,8}$/), { minLength: 1, maxLength: 8 }),
        fc.nat(),
        (texts, n) => {
          const driver = Driver.ready();
          driver.send({ type: 'historyRead', texts });
          const wanted = texts[n % texts.length] ?? '';
          driver.key('ctrl+r');
          driver.type(wanted.slice(1).toUpperCase());
          driver.key('enter');
          const newest = texts.findLast((text) => text.includes(wanted.slice(1)));
          expect(driver.draft()).toBe(newest);
        },
      ),
      { numRuns: 40 },
    );
  });
});
