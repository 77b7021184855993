import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { rowText, rowWidth } from '../../../../src/surfaces/text/index.ts';
import {
  type PagerView,
  type PickerView,
  pagerKey,
  picker,
  pickerKey,
  pickerRows,
  type TextPrompt,
  textPromptKey,
} from '../../../../src/surfaces/tui/views/index.ts';

const item = (id: string, more = {}) => ({ id, label: `label ${id}`, detail: `detail ${id}`, ...more });
const list = (count: number, more: Parameters<typeof picker>[3] = {}) =>
  picker(
    { type: 'model' },
    'Which model?',
    Array.from({ length: count }, (_, at) => item(String(at))),
    more,
  );
const threads = (more: Partial<PickerView> = {}): PickerView => ({
  ...picker({ type: 'resume' }, 'Threads', [item('a'), item('b')], { query: '' }),
  ...more,
});

/** What a key does, as a word and where it leads. */
function pressed(view: PickerView, key: string, isText = false): string {
  const step = pickerKey(view, key, isText, 5);
  if (step.type === 'view') return `at ${step.view.selected}`;
  return step.type === 'chosen' ? `chosen ${step.item.id}` : step.type;
}

describe('a list', () => {
  test('starts at the entry in use', () => {
    expect(picker({ type: 'theme' }, 't', [item('a'), item('b', { isCurrent: true })]).selected).toBe(1);
    expect(list(3).selected).toBe(0);
  });

  test.each([
    [0, 'down', 'at 1'],
    [9, 'down', 'at 0'],
    [0, 'up', 'at 9'],
    [3, 'up', 'at 2'],
    [0, 'ctrl+n', 'at 1'],
    [1, 'ctrl+p', 'at 0'],
    [9, 'ctrl+r', 'at 9'],
    [2, 'ctrl+r', 'at 3'],
    [2, 'pagedown', 'at 7'],
    [7, 'pagedown', 'at 9'],
    [7, 'pageup', 'at 2'],
    [2, 'pageup', 'at 0'],
    [5, 'home', 'at 0'],
    [5, 'end', 'at 9'],
    [5, 'enter', 'chosen 5'],
    [5, 'escape', 'closed'],
    [5, 'ctrl+c', 'closed'],
    [5, 'f5', 'at 5'],
    [5, 'backspace', 'at 5'],
    [5, 'ctrl+x', 'at 5'],
    [5, 'ctrl+e', 'at 5'],
  ])('at %i: %s is "%s"', (selected, key, expected) => {
    expect(pressed({ ...list(10), selected }, key)).toBe(expected);
  });

  test.each([
    ['1', 'chosen 0'],
    ['9', 'chosen 8'],
    ['0', 'at 3'],
    ['j', 'at 4'],
    ['k', 'at 2'],
    ['x', 'at 3'],
    ['12', 'at 3'],
  ])('without a search the text %s is "%s"', (text, expected) => {
    expect(pressed({ ...list(10), selected: 3 }, text, true)).toBe(expected);
  });

  test('a number without an entry chooses nothing', () => {
    expect(pressed(list(2), '3', true)).toBe('at 0');
  });

  test('with nothing in it goes nowhere and chooses nothing', () => {
    for (const key of ['up', 'down', 'pageup', 'pagedown', 'home', 'end', 'enter'])
      expect(pressed(list(0), key)).toBe('at 0');
  });
});

describe('a search', () => {
  const searching = (query: string) => ({ ...list(12, { query }), selected: 4 });

  test('takes what is typed, digits too, and starts at the first match', () => {
    const step = pickerKey(searching('a'), '1', true, 5);
    expect(step).toMatchObject({ type: 'searched', view: { query: 'a1', selected: 0 } });
  });

  test('loses a whole character with Backspace', () => {
    expect(pickerKey(searching('x👍'), 'backspace', false, 5)).toMatchObject({
      type: 'searched',
      view: { query: 'x' },
    });
    expect(pickerKey(searching(''), 'backspace', false, 5)).toMatchObject({ type: 'searched', view: { query: '' } });
  });

  test.each([
    ['LABEL 11', 'chosen 11'],
    ['detail 3', 'chosen 3'],
    ['nothing', 'at 0'],
  ])('for %j finds label and detail in whatever case: %s', (query, expected) => {
    expect(pressed({ ...searching(query), selected: 0 }, 'enter')).toBe(expected);
  });

  test('of threads is made where they are read', () => {
    expect(pressed(threads({ query: 'zzz', selected: 1 }), 'enter')).toBe('chosen b');
  });
});

describe('a list of threads', () => {
  test('is of all directories with Tab', () => {
    expect(pressed(threads(), 'tab')).toBe('everywhere');
  });

  test('renames with one key, and archives with one that is pressed twice on the same entry', () => {
    expect(pressed(threads(), 'ctrl+e')).toBe('renaming');
    const armed = pickerKey(threads(), 'ctrl+x', false, 5);
    if (armed.type !== 'view') throw new Error(armed.type);
    expect(armed.view.armed).toBe('a');
    expect(pressed(armed.view, 'ctrl+x')).toBe('archived');
    const moved = pickerKey(armed.view, 'down', false, 5);
    expect(moved).toMatchObject({ view: { armed: null, selected: 1 } });
    expect(pressed({ ...armed.view, selected: 1 }, 'ctrl+x')).toBe('at 1');
  });

  test('without entries does neither', () => {
    for (const key of ['ctrl+e', 'ctrl+x']) expect(pressed(threads({ items: [] }), key)).toBe('at 0');
  });
});

describe('rows of a list', () => {
  const shown = (view: PickerView, width = 60, height = 20) =>
    pickerRows(view, width, height).map((row) => rowText(row).trimEnd());

  test('are its title, its entries with their numbers and what keys do', () => {
    expect(shown({ ...list(2, { note: 'A note.' }), selected: 1 })).toEqual([
      'Which model?',
      'A note.',
      '  1. label 0   detail 0',
      '› 2. label 1   detail 1',
      '',
      '2 · Enter: choose · Esc: back',
    ]);
  });

  test('of a search have what is typed, and no numbers', () => {
    expect(shown(list(1, { query: 'lab' }))).toContain('› lab');
    expect(shown(list(1, { query: '' }))).toContain('› type to search');
    expect(shown(list(1, { query: '' })).some((row) => row.includes('1. '))).toBe(false);
  });

  test.each([
    [list(0), 'There is nothing here.'],
    [list(0, { query: 'x' }), 'Nothing matches.'],
    [list(0, { query: '', isLoading: true }), 'Reading…'],
  ])('say why there are none', (view, text) => {
    expect(shown(view)).toContain(text);
  });

  test('name the entry in use', () => {
    const view = picker({ type: 'theme' }, 't', [item('a', { isCurrent: true })]);
    expect(shown(view).join('\n')).toContain('label a (current)');
  });

  test('have the selected entry in view, wherever it is', () => {
    for (const selected of [0, 7, 50, 99]) {
      expect(
        shown({ ...list(100), selected }, 60, 12).some((row) =>
          row.startsWith(`› ${String(selected + 1).padStart(3)}. `),
        ),
      ).toBe(true);
    }
  });

  test('show what is known of the selected thread where there is room, and are as many for each', () => {
    const view = threads({ items: [item('a', { preview: ['1 turn', 'hello'] }), item('b', { preview: ['2 turns'] })] });
    expect(shown(view, 60, 20).join('\n')).toContain('  │ 1 turn\n  │ hello');
    expect(shown(view, 60, 10).join('\n')).not.toContain('│');
    expect(shown(view, 60, 20)).toHaveLength(shown({ ...view, selected: 1 }, 60, 20).length);
  });

  test('warn before a thread is archived', () => {
    expect(shown(threads({ armed: 'a' })).at(-1)).toBe('Ctrl-X again: archive the thread, out of this list');
  });

  test('are never wider than the window, nor more than its rows, whatever is in them', () => {
    const text = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 60 }),
      fc.constant('漢字 '.repeat(40)),
      fc.constant('a\nb\u001b[31m'),
    );
    fc.assert(
      fc.property(
        fc.array(fc.tuple(text, text), { maxLength: 40 }),
        fc.option(fc.stringMatching(/^[a-z漢 ]{0,90}$/)),
        fc.integer({ min: 10, max: 120 }),
        fc.integer({ min: 8, max: 40 }),
        (entries, query, width, height) => {
          const items = entries.map(([label, detail], at) => ({ id: String(at), label, detail }));
          const rows = pickerRows(picker({ type: 'model' }, 'Title', items, { query }), width, height);
          for (const row of rows) {
            expect(rowWidth(row)).toBeLessThanOrEqual(width);
            expect(rowText(row)).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
          }
          expect(rows.length).toBeLessThanOrEqual(height);
        },
      ),
    );
  });
});

describe('the full screen', () => {
  const place = { total: 100, height: 20, messages: [0, 30, 60, 95] };
  const at = (below: number): PagerView => ({ content: { type: 'help' }, below });
  const below = (from: number, key: string) => {
    const step = pagerKey(at(from), key, place);
    return step.type === 'view' ? step.view.below : 'closed';
  };

  test.each([
    [0, 'up', 1],
    [0, 'k', 1],
    [80, 'up', 80],
    [5, 'down', 4],
    [0, 'j', 0],
    [0, 'pageup', 20],
    [70, 'b', 80],
    [30, 'pagedown', 10],
    [10, ' ', 0],
    [30, 'f', 10],
    [10, 'home', 80],
    [10, 'g', 80],
    [80, 'end', 0],
    [80, 'G', 0],
    [Number.POSITIVE_INFINITY, 'down', 79],
    [10, 'x', 10],
    [0, 'q', 'closed'],
    [0, 'escape', 'closed'],
    [0, 'ctrl+c', 'closed'],
    [0, 'ctrl+t', 'closed'],
  ])('with %d rows below: %s leaves %s', (from, key, expected) => {
    expect(below(from, key)).toBe(expected);
  });

  test.each([
    [0, 'p', 20],
    [20, 'p', 50],
    [50, 'p', 80],
    [80, 'p', 80],
    [80, 'n', 50],
    [50, 'n', 20],
    [20, 'n', 0],
    [0, 'n', 0],
  ])('with %d rows below: %s goes to a message of the user’s, with %s rows below', (from, key, expected) => {
    expect(below(from, key)).toBe(expected);
  });

  test('of a short text goes nowhere', () => {
    for (const key of ['up', 'down', 'pageup', 'home', 'p', 'n']) {
      expect(pagerKey(at(0), key, { total: 5, height: 20, messages: [0] })).toMatchObject({ view: { below: 0 } });
    }
  });

  test('is never scrolled beyond either end', () => {
    const keys = fc.constantFrom('up', 'down', 'pageup', 'pagedown', 'home', 'end', 'p', 'n', 'k', ' ');
    fc.assert(
      fc.property(fc.array(keys), fc.nat(200), fc.integer({ min: 1, max: 50 }), (pressedKeys, total, height) => {
        let view = at(Number.POSITIVE_INFINITY);
        for (const key of pressedKeys) {
          const step = pagerKey(view, key, { total, height, messages: [0, 3, 10].filter((row) => row < total) });
          if (step.type === 'view') view = step.view;
          expect(view.below).toBeGreaterThanOrEqual(0);
          expect(view.below).toBeLessThanOrEqual(Math.max(0, total - height));
        }
      }),
    );
  });
});

describe('a line that is asked for', () => {
  const prompt = (text: string): TextPrompt => ({ purpose: 'rename', title: 'Name', text });
  const keyed = (text: string, key: string, isText = false) => {
    const step = textPromptKey(prompt(text), key, isText);
    return step.type === 'view' ? step.view.text : step.type === 'answered' ? `= ${step.text}` : step.type;
  };

  test.each<[string, string, boolean, string]>([
    ['a', 'b', true, 'ab'],
    ['', ' name ', true, ' name '],
    ['ab', 'backspace', false, 'a'],
    ['a👍', 'backspace', false, 'a'],
    ['', 'backspace', false, ''],
    ['abc', 'ctrl+u', false, ''],
    [' name ', 'enter', false, '= name'],
    ['  ', 'enter', false, 'closed'],
    ['name', 'escape', false, 'closed'],
    ['name', 'ctrl+c', false, 'closed'],
    ['name', 'up', false, 'name'],
  ])('%j, then %s: %j', (text, key, isText, expected) => {
    expect(keyed(text, key, isText)).toBe(expected);
  });
});
