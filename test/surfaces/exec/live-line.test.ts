import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { LiveLine } from '../../../src/surfaces/exec/live-line.ts';
import type { RunEvent } from '../../../src/surfaces/exec/printer.ts';
import { answer, command, mcpCall, turnStarted, usage, usageUpdated } from '../sample-items.ts';

let drawn: (string | null)[];
let live: LiveLine;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
  drawn = [];
  live = new LiveLine({ draw: (text) => drawn.push(text), now: () => performance.now() });
});
afterEach(() => {
  live[Symbol.dispose]();
  vi.useRealTimers();
});

const started = (item: Extract<RunEvent, { type: 'item.started' }>['item']): RunEvent => ({
  type: 'item.started',
  turnId: 'turn_1',
  item,
});
const completed = (item: Extract<RunEvent, { type: 'item.completed' }>['item']): RunEvent => ({
  type: 'item.completed',
  turnId: 'turn_1',
  item,
});
/** Lets seconds go by. @returns the last picture */
function later(seconds: number): string | null | undefined {
  vi.advanceTimersByTime(seconds * 1_000);
  return drawn.at(-1);
}

describe('the live line', () => {
  test('shows nothing before a turn, and nothing of waits that are short', () => {
    later(5);
    live.note(turnStarted());
    vi.advanceTimersByTime(999);
    expect(drawn).toEqual([]);
  });

  test('counts the seconds of a wait', () => {
    live.note(turnStarted());
    expect([later(1), later(1), later(57), later(1), later(10)]).toEqual([
      '• working 1s',
      '• working 2s',
      '• working 59s',
      '• working 1m 00s',
      '• working 1m 10s',
    ]);
  });

  test('names the oldest of the commands that run, and counts the others', () => {
    live.note(turnStarted());
    live.note(started(command({ id: 'a', command: 'npm test' })));
    expect(later(2)).toBe('• running 2s: npm test');
    live.note(started(mcpCall({ id: 'b' })));
    expect(later(3)).toBe('• running 5s: npm test and 1 more');
    live.note(completed(command({ id: 'a' })));
    expect(later(1)).toBe('• running 4s: docs.search');
    live.note(completed(mcpCall({ id: 'b' })));
    expect(later(1)).toBe('• working 1s');
  });

  test('shows what a server says of its progress', () => {
    live.note(turnStarted());
    live.note(started(mcpCall({ status: 'inProgress' })));
    live.note({ type: 'item.updated', turnId: 't', item: mcpCall({ status: 'inProgress', progress: '3 of 9' }) });
    expect(later(1)).toBe('• running 1s: docs.search: 3 of 9');
  });

  test('shows one line of a command, bounded', () => {
    live.note(turnStarted());
    live.note(started(command({ command: `cat <<EOF\n${'x\n'.repeat(9)}EOF` })));
    expect(later(1)).toBe('• running 1s: cat <<EOF');
    live.note(completed(command()));
    live.note(started(command({ command: 'y'.repeat(900) })));
    expect(later(1)).toBe(`• running 1s: ${'y'.repeat(200)}`);
  });

  test('shows the tokens of the thread once there are some', () => {
    live.note(turnStarted());
    live.note(usageUpdated(usage({ total_tokens: 12_345 })));
    expect(later(1)).toBe('• working 1s · 12,345 tokens');
    live.note(usageUpdated(null));
    expect(later(1)).toBe('• working 2s · 12,345 tokens');
  });

  test('makes room for other output once, and returns with the next second', () => {
    live.note(turnStarted());
    later(1);
    live.hide();
    live.hide();
    expect(drawn).toEqual(['• working 1s', null]);
    expect(later(1)).toBe('• working 2s');
  });

  test('restarts its count where an item has ended', () => {
    live.note(turnStarted());
    later(5);
    live.note(completed(answer('hi')));
    expect(later(1)).toBe('• working 1s');
  });

  test('is erased at the end and draws no more', () => {
    live.note(turnStarted());
    later(1);
    live[Symbol.dispose]();
    later(10);
    expect(drawn).toEqual(['• working 1s', null]);
  });

  test('that was never drawn is not erased', () => {
    live.note(turnStarted());
    live[Symbol.dispose]();
    expect(drawn).toEqual([]);
  });
});
