import { expect, test } from 'vitest';
import { notificationBytes, progressBytes, titleBytes } from '../../../../src/surfaces/tui/terminal/announce.ts';

test('28: a notification’s text has no control bytes', () => {
  const bytes = notificationBytes('done\u0007\u001b]0;x\u0007\nnow\u202e', { passthrough: 'direct' });
  expect(bytes).toBe('\u001b]9;done ]0;x now\u0007');
});

test('17.7: in tmux a notification passes through, and the bell rings', () => {
  expect(notificationBytes('done', { passthrough: 'tmux' })).toBe(
    '\u001bPtmux;\u001b\u001b]9;done\u0007\u001b\\\u0007',
  );
  expect(notificationBytes('done', { passthrough: 'none' })).toBe('\u0007');
});

test('a notification is no progress', () => {
  expect(notificationBytes('4;1 is a ratio', { passthrough: 'direct' })).not.toContain(']9;4;');
});

test('a title is one line of a sensible length', () => {
  expect(titleBytes('keel \u001b[2J work')).toBe('\u001b]2;keel [2J work\u0007');
  expect(titleBytes('x'.repeat(500)).length).toBeLessThan(210);
});

test('progress is within 0 and 100', () => {
  expect(progressBytes({ percent: 140.3 }, { hasProgress: true })).toBe('\u001b]9;4;1;100\u0007');
  expect(progressBytes('none', { hasProgress: true })).toBe('\u001b]9;4;0;0\u0007');
  expect(progressBytes('busy', { hasProgress: false })).toBe('');
});
