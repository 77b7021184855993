import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Driver } from './driver.ts';

/** A draft with the cursor at its end, in normal mode. */
function normal(text: string): Driver {
  const driver = Driver.ready(80, 24, { hasVim: true });
  driver.paste(text);
  driver.key('escape');
  return driver;
}

/** The draft with a bar where the cursor is. */
function shown({ state: { composer } }: Driver): string {
  const { atoms, cursor } = composer.draft;
  const text = (part: typeof atoms) => part.map((atom) => (typeof atom === 'string' ? atom : atom.label)).join('');
  return `${text(atoms.slice(0, cursor))}|${text(atoms.slice(cursor))}`;
}

describe('17.10: the keys of vim', () => {
  test.each([
    ['one two', '0', '|one two'],
    ['one two', 'b', 'one |two'],
    ['one two three', '0w', 'one |two three'],
    ['one two three', '02w', 'one two |three'],
    ['one two', '0e', 'on|e two'],
    ['one two', '0dw', '|two'],
    ['one two three', '0d2w', '|three'],
    ['one two', '0wD', 'one |'],
    ['one two', '0cwnew', 'new| two'],
    ['one two', '0cenew', 'new| two'],
    ['one two', '0x', '|ne two'],
    ['one two', '03x', '| two'],
    ['one two', '0ftrT', 'one |Two'],
    ['one(two)', '0dt(', '|(two)'],
    ['one\ntwo\nthree', 'ggdd', '|two\nthree'],
    ['one\ntwo', 'ggddp', 'two\n|one'],
    ['one\ntwo', 'ggyyP', '|one\none\ntwo'],
    ['one\ntwo\nthree', 'gg2dd', '|three'],
    ['one\ntwo', 'ggccnew', 'new|\ntwo'],
    ['one\ntwo', 'ggOzero', 'zero|\none\ntwo'],
    ['one', 'otwo', 'one\ntwo|'],
    ['one two', '0iA ', 'A |one two'],
    ['one two', 'Ix', 'x|one two'],
    ['one', 'A!', 'one!|'],
    ['one two', '0dwu', '|one two'],
    ['one two', '0dwdl', '|wo'],
    ['one two', '0yw$p', 'one twoone |'],
  ])('%j, then %s, is %s', (text, keys, end) => {
    const driver = normal(text);
    driver.type(keys);
    expect(shown(driver)).toBe(end);
  });

  test('Esc ends typing first, and interrupts then; Enter sends, and typing begins again', () => {
    const driver = Driver.ready(80, 24, { hasVim: true });
    driver.turn();
    driver.type('steer');
    driver.key('escape');
    expect(driver.ops()).toEqual([]);
    expect(driver.live().at(-1)).toContain('NORMAL');
    driver.key('enter');
    expect(driver.sent()).toEqual(['steer']);
    driver.type('dd');
    expect(driver.draft()).toBe('dd');
    driver.key('escape');
    driver.key('escape');
    expect(driver.ops().at(-1)).toEqual({ type: 'interrupt' });
  });

  test('/vim switches them on and off', () => {
    const driver = Driver.ready();
    driver.type('/vim');
    driver.key('enter');
    driver.type('one');
    driver.key('escape');
    driver.type('x');
    expect(driver.draft()).toBe('on');
    driver.type('i/vim');
    driver.key('ctrl+u');
    driver.type('/vim');
    driver.key('enter');
    driver.type('x');
    driver.key('escape');
    driver.type('x');
    expect(driver.draft()).toBe('xx');
  });

  test('no keys leave the cursor outside the text or break an element', () => {
    const key = fc.constantFrom(...'hjklwbe0^$gGiaIAoOxXdcyYpPuDCSsftr19 z'.split(''), 'escape', 'ctrl+r' as const);
    fc.assert(
      fc.property(fc.array(key, { maxLength: 40 }), (keys) => {
        const driver = normal('one two\n\nthree 漢字');
        driver.paste('x'.repeat(1_001));
        for (const one of keys) {
          if (one === 'escape' || one === 'ctrl+r') driver.key(one);
          else driver.type(one);
        }
        const { atoms, cursor } = driver.state.composer.draft;
        expect(cursor).toBeGreaterThanOrEqual(0);
        expect(cursor).toBeLessThanOrEqual(atoms.length);
        for (const atom of atoms) if (typeof atom !== 'string') expect(atom.type).toBe('paste');
        driver.rows();
      }),
      { numRuns: 100 },
    );
  });
});
