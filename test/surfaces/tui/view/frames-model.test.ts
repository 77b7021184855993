import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ThreadItem } from '../../../../src/foundation/protocol/index.ts';
import { rowText, rowWidth } from '../../../../src/surfaces/text/index.ts';
import { type Mark, NO_MARK, view } from '../../../../src/surfaces/tui/view/view.ts';
import { command } from '../../sample-items.ts';
import { Driver } from '../driver.ts';

/** What a session does, a step at a time; `at` names the item. */
type Act =
  | { readonly type: 'starts'; readonly what: 'answer' | 'command' | 'look' }
  | { readonly type: 'grows'; readonly at: number; readonly text: string }
  | { readonly type: 'ends'; readonly at: number }
  | { readonly type: 'says'; readonly text: string }
  | { readonly type: 'warns'; readonly text: string }
  | { readonly type: 'types'; readonly text: string }
  | { readonly type: 'paints' };

const LINES = [
  'plain words ',
  '\n\n',
  '- item\n',
  '```js\nconst a = 1;\n',
  '```\n',
  '# Head\n\n',
  '漢字 and é ',
  '| a | b |\n|---|---|\n| 1 | 2 |\n\n',
];
const text = fc.array(fc.constantFrom(...LINES), { minLength: 1, maxLength: 6 }).map((parts) => parts.join(''));
const place = fc.nat({ max: 5 });
const act: fc.Arbitrary<Act> = fc.oneof(
  fc.record({ type: fc.constant('starts' as const), what: fc.constantFrom('answer', 'command', 'look') }),
  fc.record({ type: fc.constant('grows' as const), at: place, text }),
  fc.record({ type: fc.constant('grows' as const), at: place, text }),
  fc.record({ type: fc.constant('ends' as const), at: place }),
  fc.record({ type: fc.constant('says' as const), text: fc.constantFrom('do it', 'and this\ntoo') }),
  fc.record({ type: fc.constant('warns' as const), text: fc.constantFrom('slow', 'a long warning '.repeat(9)) }),
  fc.record({ type: fc.constant('types' as const), text: fc.constantFrom('x', ' y') }),
  fc.record({ type: fc.constant('paints' as const) }),
);

/** A session that acts, and what of it has reached the scrollback. */
class Screen {
  readonly driver: Driver;
  readonly scrollback: string[] = [];
  #mark: Mark = NO_MARK;
  #open: { item: ThreadItem; text: string }[] = [];
  #count = 0;

  constructor(columns: number, rows: number) {
    this.driver = Driver.ready(columns, rows);
    this.driver.turn();
  }

  does(step: Act): void {
    switch (step.type) {
      case 'starts':
        return this.#start(step.what);
      case 'grows':
        return this.#grow(step.at, step.text);
      case 'ends': {
        const open = this.#open[step.at % Math.max(1, this.#open.length)];
        return open && this.#end(open);
      }
      case 'says':
        this.#count += 1;
        return this.driver.item({
          type: 'userMessage',
          id: `u${this.#count}`,
          content: [{ type: 'text', text: step.text }],
        });
      case 'warns':
        return this.driver.event({ type: 'warning', turnId: 't1', message: step.text });
      case 'types':
        return this.driver.type(step.text);
      case 'paints':
        return this.paint();
    }
  }

  paint(most = Number.POSITIVE_INFINITY): void {
    const { frame, mark } = view(this.driver.state, this.#mark, { most });
    const { columns, rows } = this.driver.state.size;
    this.scrollback.push(...frame.finished.map(rowText));
    this.#mark = mark;
    for (const row of [...frame.finished, ...frame.live]) expect(rowWidth(row)).toBeLessThanOrEqual(columns);
    expect(frame.live.length).toBeLessThanOrEqual(rows);
    if (frame.cursor === null) throw new Error('the composer has no cursor');
    expect(frame.cursor.row).toBeLessThan(frame.live.length);
    expect(frame.cursor.column).toBeLessThan(columns);
  }

  /** Ends all that is open, and the turn. */
  finish(): void {
    for (const open of [...this.#open]) this.#end(open);
    this.driver.turnEnds();
    this.paint();
  }

  #start(what: 'answer' | 'command' | 'look'): void {
    const id = `i${this.#count}`;
    this.#count += 1;
    const running = { id, status: 'inProgress', aggregatedOutput: null, exitCode: null } as const;
    const read = { type: 'read', command: 'cat a', name: `${id}.ts`, path: `/app/${id}.ts` } as const;
    const item: ThreadItem =
      what === 'answer'
        ? { type: 'agentMessage', id, text: '' }
        : command({ ...running, ...(what === 'look' ? { commandActions: [read] } : {}) });
    this.#open.push({ item, text: '' });
    this.driver.item(item, 'item.started');
  }

  #grow(at: number, delta: string): void {
    const open = this.#open[at % Math.max(1, this.#open.length)];
    if (open === undefined) return;
    open.text += delta;
    const part = open.item.type === 'agentMessage' ? 'agentMessage' : 'commandOutput';
    this.driver.event({ type: 'item.delta', turnId: 't1', itemId: open.item.id, part, delta });
  }

  #end(open: { item: ThreadItem; text: string }): void {
    this.#open = this.#open.filter((one) => one !== open);
    const { item } = open;
    if (item.type === 'agentMessage') this.driver.item({ ...item, text: open.text });
    else if (item.type === 'commandExecution')
      this.driver.item({ ...item, status: 'completed', aggregatedOutput: open.text, exitCode: 0 });
  }
}

test('1: whatever happens, and whenever a frame is painted, the scrollback is in the end what one frame of all of it is', () => {
  fc.assert(
    fc.property(fc.array(act, { maxLength: 40 }), fc.integer({ min: 20, max: 100 }), (acts, columns) => {
      const [often, once] = [new Screen(columns, 24), new Screen(columns, 24)];
      for (const step of acts) {
        often.does(step);
        often.paint();
        if (step.type !== 'paints') once.does(step);
      }
      for (const screen of [often, once]) screen.finish();
      expect(often.scrollback).toEqual(once.scrollback);
    }),
    { numRuns: 25 },
  );
});

test('1: a past that becomes final a few entries at a time is the same past', () => {
  fc.assert(
    fc.property(fc.array(act, { maxLength: 30 }), fc.integer({ min: 1, max: 4 }), (acts, most) => {
      const [slow, once] = [new Screen(60, 24), new Screen(60, 24)];
      for (const step of acts) {
        if (step.type === 'paints') slow.paint(most);
        else for (const screen of [slow, once]) screen.does(step);
      }
      for (const screen of [slow, once]) screen.finish();
      expect(slow.scrollback).toEqual(once.scrollback);
    }),
    { numRuns: 25 },
  );
});

test('1: what has reached the scrollback never changes: each frame only adds to it', () => {
  fc.assert(
    fc.property(fc.array(act, { maxLength: 40 }), (acts) => {
      const screen = new Screen(50, 20);
      let before: string[] = [];
      for (const step of acts) {
        screen.does(step);
        screen.paint();
        expect(screen.scrollback.slice(0, before.length)).toEqual(before);
        before = [...screen.scrollback];
      }
    }),
    { numRuns: 15 },
  );
});

test('a draft is on the screen as it is typed, whatever streams above it', () => {
  fc.assert(
    fc.property(fc.array(act, { maxLength: 30 }), (acts) => {
      const screen = new Screen(60, 30);
      for (const step of acts) {
        screen.does(step);
        const draft = screen.driver.draft();
        if (draft.trim() !== '' && draft.length < 50) expect(screen.driver.live()).toContain(`› ${draft}`.trimEnd());
      }
    }),
    { numRuns: 15 },
  );
});

test('7: a table that can become final only as a whole is never taller than the screen, and its newest rows are shown', () => {
  const screen = new Screen(60, 20);
  screen.does({ type: 'starts', what: 'answer' });
  screen.does({ type: 'grows', at: 0, text: '| a | b |\n|---|---|\n' });
  for (let at = 0; at < 60; at += 1) {
    screen.does({ type: 'grows', at: 0, text: `| row ${at} | x |\n` });
    screen.paint();
    expect(screen.driver.live().join('\n')).toContain(`row ${at} `);
  }
  expect(screen.scrollback.join('\n')).not.toContain('row 0');
  screen.finish();
  expect(screen.scrollback.filter((row) => row.startsWith('row '))).toHaveLength(60);
});
