import { expect, test } from 'vitest';
import { type KeyEvent, keyName } from '../../../../src/surfaces/tui/terminal/input-event.ts';

const key: KeyEvent = { type: 'key', key: 'k', ctrl: true, alt: false, shift: true, super: false, isRepeat: false };

test('a key is named by its modifiers and itself', () => {
  expect(keyName(key)).toBe('ctrl+shift+k');
});
