import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ACTION_NAMES, ACTIONS } from '../../../../src/surfaces/tui/keymap/actions.ts';
import { DEFAULT_KEYMAP, keymapOf, keymapText } from '../../../../src/surfaces/tui/keymap/index.ts';
import { parseKeyName, shownKey } from '../../../../src/surfaces/tui/keymap/key-name.ts';

describe('names of keys', () => {
  test.each([
    ['ctrl+g', 'ctrl+g'],
    ['Ctrl-G', 'ctrl+g'],
    [' CTRL+g ', 'ctrl+g'],
    ['alt+ctrl+x', 'ctrl+alt+x'],
    ['shift+alt+up', 'alt+shift+up'],
    ['super+k', 'super+k'],
    ['F5', 'f5'],
    ['f12', 'f12'],
    ['enter', 'enter'],
    ['PageUp', 'pageup'],
    ['ctrl+space', 'ctrl+space'],
    ['ctrl+-', 'ctrl+-'],
    ['Ctrl--', 'ctrl+-'],
    ['ctrl++', 'ctrl++'],
    ['alt+é', 'alt+é'],
    ['ctrl+escape', 'ctrl+escape'],
    ['ctrl+ctrl+x', 'ctrl+x'],
  ])('%j is the key %s', (written, key) => {
    expect(parseKeyName(written)).toEqual({ type: 'key', key });
  });

  test.each([
    ['', 'there is no ""'],
    ['x', 'types a character'],
    ['shift+x', 'types a character'],
    ['+', 'types a character'],
    ['f13', 'there is no "f13"'],
    ['f0', 'there is no "f0"'],
    ['ctrl', 'there is no "ctrl"'],
    ['ctrl+', 'there is no "ctrl+"'],
    ['hyper+x', '"hyper" is none of'],
    ['ctrl x', 'there is no "ctrl x"'],
    ['escape', 'always stops or goes back'],
    ['ctrl+c', 'always stops or goes back'],
    ['Ctrl-C', 'always stops or goes back'],
  ])('%j is none: %s', (written, why) => {
    expect(parseKeyName(written)).toEqual({ type: 'fault', why: expect.stringContaining(why) });
  });

  test.each([
    ['ctrl+g', 'Ctrl-G'],
    ['alt+shift+up', 'Alt-Shift-Up'],
    ['ctrl+-', 'Ctrl--'],
    ['ctrl++', 'Ctrl-+'],
    ['enter', 'Enter'],
  ])('%s is shown as %s', (name, shown) => {
    expect(shownKey(name)).toBe(shown);
  });

  test('as they are shown can be written in the settings', () => {
    for (const key of DEFAULT_KEYMAP.keys()) expect(parseKeyName(shownKey(key))).toEqual({ type: 'key', key });
  });
});

describe('keys', () => {
  test('each do one thing, and each action has one', () => {
    const all = ACTION_NAMES.flatMap((action) => ACTIONS[action]);
    expect(new Set(all).size).toBe(all.length);
    expect(new Set(DEFAULT_KEYMAP.values()).size).toBe(ACTION_NAMES.length);
  });

  test('without settings are the usual ones', () => {
    expect(keymapOf({})).toEqual({ keymap: DEFAULT_KEYMAP, faults: [] });
  });

  test('that are taken from an action leave it the others', () => {
    const { keymap, faults } = keymapOf({ editor: ['ctrl+b'] });
    expect([keymap.get('ctrl+b'), keymap.get('left'), keymap.has('ctrl+g')]).toEqual(['editor', 'left', false]);
    expect(faults).toEqual([]);
  });

  test('may be swapped', () => {
    const { keymap, faults } = keymapOf({ undo: ['ctrl+y'], yank: ['ctrl+_'] });
    expect([keymap.get('ctrl+y'), keymap.get('ctrl+_'), keymap.has('ctrl+-')]).toEqual(['undo', 'yank', false]);
    expect(faults).toEqual([]);
  });

  test('may be taken away altogether, on purpose only', () => {
    expect(keymapOf({ suspend: [] }).faults).toEqual([]);
    expect(keymapOf({ suspend: [] }).keymap.has('ctrl+z')).toBe(false);
    expect(keymapOf({ editor: ['ctrl+z'] }).faults).toEqual(['tui.keymap: no key is left for suspend']);
  });

  test('of names that every object has are no actions', () => {
    for (const name of ['constructor', 'toString', '__proto__']) {
      expect(keymapOf(Object.fromEntries([[name, ['ctrl+e']]])).faults).toHaveLength(1);
    }
  });

  test('are all listed with what they do', () => {
    const lines = keymapText(keymapOf({ suspend: [] }).keymap).split('\n');
    expect(lines.slice(0, ACTION_NAMES.length).map((line) => line.split(' ')[0])).toEqual([...ACTION_NAMES]);
    expect(lines.find((line) => line.startsWith('suspend'))).toMatch(/\(none\)$/);
    expect(lines.find((line) => line.startsWith('newline'))).toContain('Shift-Enter, Alt-Enter, Ctrl-Enter, Ctrl-J');
  });

  test('never do two things, whatever the settings', () => {
    const written = fc.constantFrom('ctrl+e', 'ctrl+z', 'enter', 'alt+x', 'F5', 'x', 'nokey', 'ctrl+c');
    const settings = fc.dictionary(fc.constantFrom(...ACTION_NAMES, 'unknown'), fc.array(written, { maxLength: 3 }));
    fc.assert(
      fc.property(settings, (own) => {
        const { keymap } = keymapOf(own);
        expect(keymap.has('ctrl+c')).toBe(false);
        for (const [key, action] of keymap) {
          const given = own[action]?.map(parseKeyName) ?? null;
          const isGiven = given?.some((one) => one.type === 'key' && one.key === key) ?? false;
          const usual: readonly string[] = ACTIONS[action];
          expect(isGiven || usual.includes(key)).toBe(true);
        }
      }),
    );
  });
});
