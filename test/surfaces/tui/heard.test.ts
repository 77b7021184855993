import { Writable } from 'node:stream';
import { afterEach, describe, expect, test } from 'vitest';
import type { SessionEvent, ThreadItem } from '../../../src/foundation/protocol/index.ts';
import { paletteOf, row, rowText, span, themeFor } from '../../../src/surfaces/text/index.ts';
import { FullScreen } from '../../../src/surfaces/tui/effects/full-screen.ts';
import type { Effect, Message } from '../../../src/surfaces/tui/message.ts';
import { Runtime } from '../../../src/surfaces/tui/runtime.ts';
import { initialState } from '../../../src/surfaces/tui/state.ts';
import { AppendWriter } from '../../../src/surfaces/tui/terminal/index.ts';
import { inWords } from '../../../src/surfaces/tui/view/in-words.ts';
import { agentCall, answer, command, fileChange, mcpCall, plan, thoughts, toolCall } from '../sample-items.ts';
import { SETUP } from './driver.ts';

const SIGNS = /[│─┼└•›■✔✗□⚠●↳]|Worked for|\u001b/;

let runtime: Runtime;
let text = '';
let at = 0;
const effects: Effect[] = [];
afterEach(() => runtime.close());

/** A thread that is open where lines are only added. */
function opened(): void {
  text = '';
  at = 0;
  effects.length = 0;
  const output = new Writable({
    write(chunk: Buffer, _, done) {
      // Weight and slant are no movement, and nothing that is read out.
      text += chunk.toString().replaceAll(/\u001b\[[\d;]*m/g, '');
      done();
    },
  });
  const palette = paletteOf(themeFor('auto', null), 'none');
  const painter = new AppendWriter({ output, style: { palette, hasLinks: false } });
  const size = { columns: 80, rows: 24 };
  const parts = { write: () => undefined, conversation: painter, makePainter: () => painter };
  runtime = new Runtime({
    state: initialState(size, 0, 'id', { prompt: null, images: [] }),
    screen: { painter, fullScreen: new FullScreen(parts, size), isAppending: true },
    run: (effect) => effects.push(effect),
    announce: () => undefined,
  });
  send({ type: 'setUp', setup: SETUP });
  const facts = { model: 'gpt-5-codex', effort: null, cwd: '/app', rolloutPath: '/rollout' };
  event({ type: 'thread.started', threadId: 'thread-1', ...facts, turns: [] });
}

/** @returns the lines that it adds */
function send(message: Message): string[] {
  const before = text.length;
  runtime.dispatch(message);
  runtime.paint();
  return text
    .slice(before)
    .split('\r\n')
    .filter((line) => line !== '');
}

const event = (one: SessionEvent) => send({ type: 'session', event: one, at });
const line = (typed: string) => {
  at += 1_000;
  return send({ type: 'line', line: typed, at });
};
const turn = () => event({ type: 'turn.started', turnId: 't1', taskKind: 'regular', modelContextWindow: null });
const done = (item: ThreadItem) => event({ type: 'item.completed', turnId: 't1', item });
const ends = () =>
  event({
    type: 'turn.completed',
    turnId: 't1',
    status: 'completed',
    error: null,
    abortReason: null,
    lastAgentMessage: null,
  });

describe('17.9: what is read out', () => {
  test('has no signs, no boxes and no timings, whatever a turn did', () => {
    opened();
    turn();
    const items: ThreadItem[] = [
      { type: 'userMessage', id: 'u', content: [{ type: 'text', text: 'Fix it.\nPlease.' }] },
      answer('A table:\n\n| a | b |\n| - | - |\n| 1 | 2 |\n\n- point\n'),
      thoughts('**Head**\n\nLook here first.'),
      plan(
        { step: 'one', status: 'completed' },
        { step: 'two', status: 'in_progress' },
        { step: 'three', status: 'pending' },
      ),
      command({ id: 'x1', aggregatedOutput: '' }),
      command({ id: 'x2', status: 'failed', exitCode: 3 }),
      command({ id: 'x3', commandActions: [{ type: 'read', command: 'cat a', name: 'a', path: 'a' }] }),
      fileChange(),
      mcpCall(),
      toolCall(),
      agentCall(),
    ];
    for (const item of items) {
      event({ type: 'item.started', turnId: 't1', item });
      done(item);
    }
    event({ type: 'warning', turnId: null, message: 'The disk is almost full.' });
    event({ type: 'error', turnId: 't1', error: { kind: 'internal', message: 'It broke.' }, willRetry: false });
    at += 65_000;
    ends();
    line('/model');
    line('esc');
    line('/status');
    expect(text).toContain('Fix it.');
    expect(text).not.toMatch(SIGNS);
    for (const words of [
      'You: Fix it.',
      'a, b',
      '1, 2',
      'Done: one',
      'Now: two',
      'To do: three',
      'Warning: The disk is almost full.',
      'Error: It broke.',
      'Edited',
    ])
      expect(text).toContain(words);
  });

  test('a choice has its number and no mark', () => {
    opened();
    turn();
    const request = {
      type: 'network',
      questionId: 'q',
      host: 'example.com',
      port: 443,
      protocol: 'https',
      reason: null,
    } as const;
    const lines = event({ type: 'approval.requested', turnId: 't1', threadId: 'thread-1', request });
    expect(lines[0]).toBe('Approval needed.');
    expect(lines.map((one) => one.trim())).toContainEqual(expect.stringMatching(/^1\. /));
    expect(lines.join('\n')).not.toMatch(SIGNS);
  });

  test('a wait is a line of its own, once for each', () => {
    opened();
    turn();
    const wait = (message: string) =>
      event({ type: 'error', turnId: 't1', error: { kind: 'responseStreamDisconnected', message }, willRetry: true });
    expect(wait('Reconnecting… 1/5')).toEqual(['Reconnecting… 1/5']);
    expect(wait('Reconnecting… 1/5')).toEqual([]);
    expect(wait('Reconnecting… 2/5')).toEqual(['Reconnecting… 2/5']);
    expect(done(answer('Hello.'))).toEqual(['Hello.']);
  });

  test('a hint is a line of its own, each time', () => {
    opened();
    for (const _ of [1, 2]) {
      expect(line('/vim')).toEqual(['The keys are those of vim: Esc, then i.']);
      expect(line('/vim')).toEqual(['The keys are as usual.']);
    }
    expect(event({ type: 'warning', turnId: null, message: 'w' })).toEqual(['Warning: w']);
  });
});

describe('a row in words', () => {
  test.each([
    ['a sign and a number', [span('› 2. '), span('No')], '2. No'],
    ['what only looks like signs', [span('• in a text')], '• in a text'],
    ['a sign behind words', [span('a'), span(' • ')], 'a • '],
    ['signs in signs', [span('  └ ', { role: 'muted' }), span('□ ', { role: 'muted' }), span('x')], 'To do: x'],
    ['nothing', row(''), ''],
  ])('%s', (_, before, words) => {
    expect(rowText(inWords(before))).toBe(words);
  });
});
