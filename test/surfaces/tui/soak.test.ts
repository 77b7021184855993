import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import type { SessionEvent, ThreadItem, Turn } from '../../../src/foundation/protocol/index.ts';
import { paletteOf, rowText, themeFor } from '../../../src/surfaces/text/index.ts';
import { FullScreen } from '../../../src/surfaces/tui/effects/full-screen.ts';
import type { Effect } from '../../../src/surfaces/tui/message.ts';
import { Runtime } from '../../../src/surfaces/tui/runtime.ts';
import { initialState } from '../../../src/surfaces/tui/state.ts';
import { AppendWriter } from '../../../src/surfaces/tui/terminal/index.ts';
import { entriesBefore, entriesOfTurns, KEPT_ENTRIES } from '../../../src/surfaces/tui/transcript/index.ts';
import { pagerRows } from '../../../src/surfaces/tui/view/pager-rows.ts';
import { SETUP } from './driver.ts';

const ITEMS = 20_000;
const FRAME_ITEMS = 40;

/** What a terminal that only adds lines was sent. */
class Scrollback extends Writable {
  #text = '';
  get lines(): string[] {
    return this.#text.split('\r\n');
  }
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.#text += chunk.toString();
    done();
  }
}

function opened() {
  const output = new Scrollback();
  const palette = paletteOf(themeFor('auto', null), 'none');
  const painter = new AppendWriter({ output, style: { palette, hasLinks: false } });
  const size = { columns: 80, rows: 24 };
  const fullScreen = new FullScreen(
    { write: () => undefined, conversation: painter, makePainter: () => painter },
    size,
  );
  const effects: Effect[] = [];
  const runtime = new Runtime({
    state: initialState(size, 0, 'id', { prompt: null, images: [] }),
    screen: { painter, fullScreen, isAppending: false },
    run: (effect) => effects.push(effect),
    announce: () => undefined,
  });
  const event = (one: SessionEvent) => runtime.dispatch({ type: 'session', event: one, at: 0 });
  runtime.dispatch({ type: 'setUp', setup: SETUP });
  const facts = { model: 'gpt-5-codex', effort: null, cwd: '/home/ada/app', rolloutPath: '/rollout' };
  event({ type: 'thread.started', threadId: 'thread-1', ...facts, turns: [] });
  return { runtime, output, effects, event };
}

const said = (at: number): ThreadItem => ({ type: 'agentMessage', id: `item_${at}`, text: `answer ${at}` });

function turnOf(items: ThreadItem[]): Turn {
  return { id: 't1', items, status: 'completed', error: null };
}

test('a soak of 20,000 items leaves a bounded number of them in memory, and each in the scrollback once', () => {
  const { runtime, output, event } = opened();
  let most = 0;
  for (let at = 0; at < ITEMS; at += 1) {
    event({ type: 'item.completed', turnId: 't1', item: said(at) });
    if (at % FRAME_ITEMS === 0) runtime.paint();
    most = Math.max(most, runtime.state.transcript.past.length);
  }
  runtime.paint(true);
  runtime.close();
  expect(most).toBeLessThanOrEqual(2 * KEPT_ENTRIES + 2 * FRAME_ITEMS);
  expect(runtime.state.transcript.gone).toBeGreaterThan(ITEMS - 3 * KEPT_ENTRIES);
  const answers = output.lines.filter((line) => line.startsWith('answer'));
  expect(answers).toEqual(Array.from({ length: ITEMS }, (_, at) => `answer ${at}`));
});

test('the pager reads what is kept no more from the record, and shows each entry once', () => {
  const { runtime, effects, event } = opened();
  const items = Array.from({ length: 3 * KEPT_ENTRIES }, (_, at) => said(at));
  for (const item of items) event({ type: 'item.completed', turnId: 't1', item });
  for (let frame = 0; frame < 20; frame += 1) runtime.paint();
  expect(runtime.state.transcript.gone).toBeGreaterThan(0);
  const keys = { ctrl: true, alt: false, shift: false, super: false, isRepeat: false };
  runtime.dispatch({ type: 'input', event: { type: 'key', key: 't', ...keys }, at: 1_000 });
  expect(effects).toContainEqual({ type: 'readTurns', threadId: 'thread-1' });
  const shown = () => {
    const { state } = runtime;
    const rows = state.screen?.type === 'pager' ? pagerRows(state, state.screen.view) : [];
    return rows.map(rowText).filter((line) => line.startsWith('answer'));
  };
  expect(shown().length).toBeLessThan(items.length);
  runtime.dispatch({ type: 'turnsRead', threadId: 'another', turns: [turnOf([])] });
  expect(shown().length).toBeLessThan(items.length);
  runtime.dispatch({ type: 'turnsRead', threadId: 'thread-1', turns: [turnOf(items)] });
  expect(shown()).toEqual(items.map((_, at) => `answer ${at}`));
  runtime.close();
});

test('recorded entries before those that are kept are found by the ids of their items', () => {
  const items = Array.from({ length: 10 }, (_, at) => said(at));
  const all = entriesOfTurns([turnOf(items)]);
  expect(entriesBefore(all.slice(7), [turnOf(items)])).toEqual(all.slice(0, 7));
  expect(entriesBefore([], [turnOf(items)])).toEqual(all);
  expect(entriesBefore(all, [turnOf(items)])).toEqual([]);
});
