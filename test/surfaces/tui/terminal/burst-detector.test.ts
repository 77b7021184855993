import { expect, test } from 'vitest';
import { BurstDetector } from '../../../../src/surfaces/tui/terminal/burst-detector.ts';
import { InputDecoder } from '../../../../src/surfaces/tui/terminal/input-decoder.ts';

/** The events of keys that arrive at this interval in milliseconds, or all in one write (0). */
function typed(text: string, gap: number, detector = new BurstDetector()): string {
  const decoder = new InputDecoder();
  const writes = gap === 0 ? [text] : text.split('');
  const events = writes.flatMap((write, at) => detector.push(decoder.push(new TextEncoder().encode(write)), at * gap));
  return events.map((event) => (event.type === 'key' ? `<${event.key}>` : 'text' in event ? event.text : '')).join('');
}

test('12: a burst with Enter in it submits nothing, and the same keys at 30 ms do', () => {
  expect(typed('rm -rf x\rls\r', 5)).toBe('rm -rf x\nls\n');
  expect(typed('rm -rf x\rls\r', 0)).toBe('rm -rf x\nls\n');
  expect(typed('hello\r', 30)).toBe('hello<enter>');
});

test('12: a command and Enter in one write run', () => {
  expect(typed('/status\r', 0)).toBe('/status<enter>');
});

test('only the first line of a burst can be a command', () => {
  expect(typed('hello\r/quit\r', 0)).toBe('hello\n/quit\n');
});

test('where the terminal marks pastes, text and Enter in one write submit', () => {
  const detector = new BurstDetector();
  detector.setMarked(true);
  expect(typed('hello\r', 0, detector)).toBe('hello<enter>');
});

test('a terminal that says it does not mark pastes gets the detector, whatever its name', () => {
  const detector = new BurstDetector();
  detector.setMarked(true);
  detector.setMarked(false);
  expect(typed('hello\r', 0, detector)).toBe('hello\n');
});
