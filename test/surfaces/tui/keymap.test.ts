import { describe, expect, test } from 'vitest';
import { keymapOf } from '../../../src/surfaces/tui/keymap/index.ts';
import { Driver } from './driver.ts';

describe('17.10: tui.keymap', () => {
  test('gives an action other keys, in whatever way they are written, and takes its usual ones away', () => {
    const { keymap, faults } = keymapOf({ editor: ['Ctrl-E', 'Shift+Ctrl+F5'], suspend: [] });
    expect(faults).toEqual([]);
    expect(keymap.get('ctrl+e')).toBe('editor');
    expect(keymap.get('ctrl+shift+f5')).toBe('editor');
    expect(keymap.has('ctrl+g')).toBe(false);
    expect(keymap.has('ctrl+z')).toBe(false);
    expect(keymap.get('end')).toBe('line_end');
  });

  test.each([
    [{ edtior: ['ctrl+e'] }, 'tui.keymap: there is no action "edtior"; /keymap lists them'],
    [{ editor: ['hyper+e'] }, 'tui.keymap.editor: "hyper+e" is not a key: "hyper" is none of ctrl, alt, shift, super'],
    [{ editor: ['ctrl+nokey'] }, 'tui.keymap.editor: "ctrl+nokey" is not a key: there is no "nokey"'],
    [{ editor: ['e'] }, 'tui.keymap.editor: "e" types a character'],
    [{ editor: ['Ctrl-C'] }, 'tui.keymap.editor: "Ctrl-C" always stops or goes back'],
    [{ editor: ['escape'] }, 'tui.keymap.editor: "escape" always stops or goes back'],
    [{ undo: ['ctrl+e'], editor: ['ctrl+e'] }, 'tui.keymap.editor: ctrl+e is given to undo already'],
    [{ undo: ['enter'] }, 'tui.keymap: no key is left for send'],
  ])('%o is reported', (settings, fault) => {
    expect(keymapOf(settings).faults).toContain(fault);
  });

  test('an entry with a mistake leaves the action its usual keys', () => {
    expect(keymapOf({ editor: ['ctrl+e', 'x'] }).keymap.get('ctrl+g')).toBe('editor');
  });

  test('the keys of the settings work, and /keymap shows them', () => {
    const { keymap } = keymapOf({ send: ['ctrl+enter'], newline: ['enter'] });
    const driver = Driver.ready(80, 24, { keymap });
    driver.type('one');
    driver.key('enter');
    driver.type('two');
    expect(driver.sent()).toEqual([]);
    driver.key('ctrl+enter');
    expect(driver.sent()).toEqual(['one\ntwo']);
    driver.type('/keymap');
    driver.key('ctrl+enter');
    const { screen } = driver.state;
    const text = screen?.type === 'pager' && screen.view.content.type === 'text' ? screen.view.content.text : '';
    expect(text).toMatch(/^send +Ctrl-Enter$/m);
    expect(text).toMatch(/^newline +Enter$/m);
  });
});
