import { PassThrough } from 'node:stream';
import { afterEach, expect, test } from 'vitest';
import type { SessionEvent } from '../../../src/foundation/protocol/index.ts';
import { rowText } from '../../../src/surfaces/text/index.ts';
import { FullScreen } from '../../../src/surfaces/tui/effects/full-screen.ts';
import type { Effect, Setup } from '../../../src/surfaces/tui/message.ts';
import { Runtime } from '../../../src/surfaces/tui/runtime.ts';
import { initialState } from '../../../src/surfaces/tui/state.ts';
import type { Frame } from '../../../src/surfaces/tui/terminal/index.ts';
import { AppendWriter } from '../../../src/surfaces/tui/terminal/index.ts';
import { SETUP } from './driver.ts';
import { style } from './terminal/emulator.ts';

let runtime: Runtime;
let frames: Frame[] = [];
let effects: Effect[] = [];
let announced: (readonly [string, unknown])[] = [];
afterEach(() => runtime.close());

function opened(setup: Partial<Setup> = {}): void {
  frames = [];
  effects = [];
  announced = [];
  const size = { columns: 80, rows: 24 };
  const painter = new AppendWriter({ output: new PassThrough().resume(), style: style('none') });
  painter.render = (frame) => {
    frames.push(frame);
  };
  const parts = { write: () => undefined, conversation: painter, makePainter: () => painter };
  runtime = new Runtime({
    state: initialState(size, 0, 'id', { prompt: null, images: [] }),
    screen: { painter, fullScreen: new FullScreen(parts, size), isAppending: false },
    run: (effect) => effects.push(effect),
    announce: (title, progress) => announced.push([title, progress]),
  });
  runtime.dispatch({ type: 'setUp', setup: { ...SETUP, ...setup } });
  const facts = { model: 'gpt-5-codex', effort: null, cwd: '/home/ada/app', rolloutPath: '/rollout' };
  event({ type: 'thread.started', threadId: 'thread-1', ...facts, turns: [] });
}

const event = (one: SessionEvent, at = 0) => runtime.dispatch({ type: 'session', event: one, at });
const turn = () => event({ type: 'turn.started', turnId: 't1', taskKind: 'regular', modelContextWindow: null });
const ends = () =>
  event({
    type: 'turn.completed',
    turnId: 't1',
    status: 'completed',
    error: null,
    abortReason: null,
    lastAgentMessage: null,
  });
const asks = (questionId: string) => {
  const request = {
    type: 'network',
    questionId,
    host: questionId,
    port: 443,
    protocol: 'https',
    reason: null,
  } as const;
  event({ type: 'approval.requested', turnId: 't1', threadId: 'thread-1', request });
};
const looksAway = () => runtime.dispatch({ type: 'input', event: { type: 'focus', isFocused: false }, at: 0 });
const notices = () => effects.flatMap((effect) => (effect.type === 'notify' ? effect.text : []));

test('the title and the progress follow the thread: idle, at work, waiting for the user, and renamed', () => {
  opened();
  turn();
  asks('q');
  event({ type: 'approval.resolved', turnId: 't1', questionId: 'q' });
  ends();
  runtime.dispatch({ type: 'named', threadId: 'thread-1', name: 'tides' });
  runtime.dispatch({ type: 'tick', at: 9 });
  expect(announced).toEqual([
    ['keel: app', 'none'],
    ['● keel: app', 'busy'],
    ['? keel: app', 'waiting'],
    ['● keel: app', 'busy'],
    ['keel: app', 'none'],
    ['keel: tides', 'none'],
  ]);
});

test('28: with one frame there is one notification, the newest', () => {
  opened();
  looksAway();
  turn();
  asks('first.example');
  asks('second.example');
  expect(notices()).toEqual([]);
  runtime.paint();
  expect(notices()).toEqual(['Approval needed: second.example']);
  runtime.paint();
  ends();
  runtime.paint();
  expect(notices()).toEqual(['Approval needed: second.example', 'The turn has ended.']);
});

test('28: a kind of notification that is off neither comes nor takes the place of another', () => {
  opened({ notifications: ['approval-requested'] });
  looksAway();
  turn();
  asks('example.com');
  ends();
  runtime.paint();
  expect(notices()).toEqual(['Approval needed: example.com']);
  opened({ notifications: [] });
  looksAway();
  turn();
  ends();
  runtime.paint();
  expect(notices()).toEqual([]);
});

test('with tui.animations = false the sign before what runs never changes, and the time does', () => {
  const lines = (isAnimated: boolean) => {
    opened({ isAnimated });
    turn();
    return [100, 400, 700, 1_000].map((at) => {
      runtime.dispatch({ type: 'tick', at });
      runtime.paint();
      return (
        frames
          .at(-1)
          ?.live.map(rowText)
          .find((row) => row.includes('Esc interrupts')) ?? ''
      );
    });
  };
  const still = lines(false);
  expect(still.map((row) => row[0])).toEqual(['•', '•', '•', '•']);
  expect(still.at(-1)).toContain('(1s');
  expect(new Set(lines(true).map((row) => row[0])).size).toBeGreaterThan(1);
});
