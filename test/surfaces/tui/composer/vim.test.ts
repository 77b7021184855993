import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Composer,
  draftOf,
  EMPTY_COMPOSER,
  leftInsert,
  typed,
  VIM_INSERT,
  type Vim,
  vimKey,
  visibleText,
} from '../../../../src/surfaces/tui/composer/index.ts';

interface Place {
  readonly composer: Composer;
  readonly vim: Vim;
}

/** A draft in normal mode with the cursor at the bar. */
function at(text: string): Place {
  const [before = '', after = ''] = text.split('|');
  const draft = { atoms: [...draftOf(before).atoms, ...draftOf(after).atoms], cursor: draftOf(before).atoms.length };
  return { composer: { ...EMPTY_COMPOSER, draft }, vim: { mode: 'normal', pending: '' } };
}

/** Keys one by one: commands, or text while one types; `<` is Esc. */
function pressed(place: Place, keys: string): Place {
  return [...keys].reduce(({ composer, vim }, key): Place => {
    if (vim.mode === 'normal') return vimKey(composer, vim, key, 40);
    return key === '<' ? leftInsert(composer) : { composer: typed(composer, key), vim };
  }, place);
}

function shown({ composer: { draft } }: Place): string {
  return `${visibleText(draft.atoms.slice(0, draft.cursor))}|${visibleText(draft.atoms.slice(draft.cursor))}`;
}

describe('motions', () => {
  test.each([
    ['one |two', 'h', 'one| two'],
    ['|one', 'h', '|one'],
    ['one\n|two', 'h', 'one\n|two'],
    ['o|ne', '5l', 'one|'],
    ['|a b c', '2w', 'a b |c'],
    ['|one, two', 'w', 'one|, two'],
    ['one t|wo', 'b', 'one |two'],
    ['one two |three', '2b', '|one two three'],
    ['|one two', 'e', 'on|e two'],
    ['on|e two', 'e', 'one tw|o'],
    ['  one |two', '0', '|  one two'],
    ['  one |two', '^', '  |one two'],
    ['o|ne\ntwo', '$', 'one|\ntwo'],
    ['one\ntw|o', 'gg', '|one\ntwo'],
    ['|one\ntwo', 'G', 'one\ntwo|'],
    ['one\ntw|o', 'k', 'on|e\ntwo'],
    ['on|e\ntwo', 'j', 'one\ntw|o'],
    ['|one two', 'ft', 'one |two'],
    ['|one two', 'tt', 'one| two'],
    ['|a.b.c.d', '2f.', 'a.b|.c.d'],
    ['|a.b.c.d', '3f.', 'a.b.c|.d'],
    ['|a.b.c.d', '4f.', '|a.b.c.d'],
    ['|a.b.c.d', '2t.', 'a.|b.c.d'],
    ['|one\ntwo', 'ft', '|one\ntwo'],
    ['|one', 'fx', '|one'],
    ['|one two', '2', '|one two'],
    ['|one two', 'z', '|one two'],
  ])('%j: %s leads to %j', (before, keys, after) => {
    expect(shown(pressed(at(before), keys))).toBe(after);
  });
});

describe('operators', () => {
  test.each([
    ['|one two three', 'dw', '|two three'],
    ['one |two', 'dw', 'one |'],
    ['one |two\nthree', 'dw', 'one |\nthree'],
    ['one |two \nthree', 'dw', 'one |\nthree'],
    ['|one\ntwo three', '2dw', '|three'],
    ['|one two\nthree', '2dw', '|\nthree'],
    ['one|\ntwo', 'dw', 'one|two'],
    ['|one two', 'cw1', '1| two'],
    ['|one  two', 'cw1', '1|  two'],
    ['|a b c', '2cwX', 'X| c'],
    ['one| two', 'cwX', 'oneX|two'],
    ['|one two', 'cW1', '1| two'],
    ['one t|wo', 'db', 'one |wo'],
    ['|one two', 'de', '| two'],
    ['o|ne two', 'd$', 'o|'],
    ['one t|wo', 'd0', '|wo'],
    ['|a,b', 'df,', '|b'],
    ['|a,b', 'dt,', '|,b'],
    ['|a,b,c', 'd2f,', '|c'],
    ['|a,b', 'dfx', '|a,b'],
    ['one\nt|wo\nthree', 'dd', 'one\n|three'],
    ['one\n|two', 'dd', 'one\n|'],
    ['|one\ntwo\nthree', '2dd', '|three'],
    ['|one', '9dd', '|'],
    ['one\nt|wo\nthree', 'ccX', 'one\nX|\nthree'],
    ['o|ne two', 'CX', 'oX|'],
    ['o|ne two', 'D', 'o|'],
    ['o|ne', 'x', 'o|e'],
    ['o|ne', '9x', 'o|'],
    ['one|', 'x', 'one|'],
    ['on|e', 'X', 'o|e'],
    ['one\n|two', 'X', 'one\n|two'],
    ['|one', 'sX', 'X|ne'],
    ['|one', 'rX', '|Xne'],
    ['|', 'rX', '|'],
    ['|one two', 'ywP', 'one |one two'],
    ['|one\ntwo', 'yyjp', 'one\ntwo\n|one'],
    ['|one\ntwo', 'yyP', '|one\none\ntwo'],
    ['|ab', 'xp', 'ba|'],
    ['|one two', 'dwu', '|one two'],
    ['|one two', 'dd3u', '|one two'],
    ['|one', 'dz', '|one'],
    ['|one', 'd5z', '|one'],
  ])('%j: %s leaves %j', (before, keys, after) => {
    expect(shown(pressed(at(before), keys))).toBe(after);
  });
});

describe('typing', () => {
  test.each([
    ['o|ne', 'iX<', 'o|Xne'],
    ['o|ne', 'aX<', 'on|Xe'],
    ['  o|ne', 'IX<', '  |Xone'],
    ['o|ne', 'AX<', 'one|X'],
    ['o|ne\ntwo', 'oX<', 'one\n|X\ntwo'],
    ['one\nt|wo', 'OX<', 'one\n|X\ntwo'],
    ['one|', 'aX', 'oneX|'],
    ['|', 'iab<', 'a|b'],
    ['one\n|', 'i<', 'one\n|'],
  ])('%j: %s is %j', (before, keys, after) => {
    expect(shown(pressed(at(before), keys))).toBe(after);
  });

  test('starts with commands that change, and ends with Esc', () => {
    for (const keys of ['i', 'a', 'I', 'A', 'o', 'O', 's', 'S', 'C', 'cw', 'cc']) {
      expect(pressed(at('o|ne two'), keys).vim).toEqual(VIM_INSERT);
      expect(pressed(at('o|ne two'), `${keys}<`).vim).toEqual({ mode: 'normal', pending: '' });
    }
  });
});

test('a command that is begun waits for its end', () => {
  for (const keys of ['d', '2', '2d', 'd3', 'g', 'f', 'dt', 'r', 'y', 'cf']) {
    expect(pressed(at('|one'), keys).vim).toEqual({ mode: 'normal', pending: keys });
  }
});

test('whatever is pressed, the cursor is in the text, and no letter comes from nowhere', () => {
  const keys = fc.array(fc.constantFrom(...'hjklwbeWBE0^$gGdcyxXsSDCpPuoOiaIArftz23, <XYZ'), { maxLength: 30 });
  const text = fc.stringMatching(/^[a-f ,\n]{0,20}$/);
  fc.assert(
    fc.property(text, fc.nat(20), keys, (own, cursor, list) => {
      const { atoms } = draftOf(own);
      const start: Place = {
        composer: { ...EMPTY_COMPOSER, draft: { atoms, cursor: Math.min(cursor, atoms.length) } },
        vim: { mode: 'normal', pending: '' },
      };
      const { composer } = pressed(start, list.join(''));
      expect(composer.draft.cursor).toBeGreaterThanOrEqual(0);
      expect(composer.draft.cursor).toBeLessThanOrEqual(composer.draft.atoms.length);
      const known = new Set([...own, ...list, '\n']);
      for (const atom of composer.draft.atoms) expect(known.has(String(atom))).toBe(true);
    }),
  );
});
