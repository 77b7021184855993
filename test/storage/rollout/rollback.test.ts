import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ResponseItem, RolloutItem } from '../../../src/foundation/protocol/index.ts';
import { planRollback, survivingLines, threadLog } from '../../../src/storage/rollout/index.ts';
import { event, item, message, meta, tokenCount, usage } from './lines.ts';

const context = (cwd: string): RolloutItem => ({
  type: 'turn_context',
  payload: { cwd, approval_policy: 'never', sandbox_policy: { mode: 'read-only' }, model: 'm' },
});
const snapshot = (id: string): ResponseItem => ({
  type: 'ghost_snapshot',
  ghost_commit: { id, parent: null, preexisting_untracked_files: [], preexisting_untracked_dirs: [] },
});
/** A turn as keel writes it, with these lines between what the user says and its end. */
const turn = (text: string, ...more: readonly RolloutItem[]): RolloutItem[] => [
  event('task_started', { turn_id: text }),
  event('user_message', { message: text }),
  item(message('user', text)),
  ...more,
  event('task_complete', { turn_id: text }),
];
/** A turn as the reference writes it, which marks none. */
const bareTurn = (text: string): RolloutItem[] => [
  item(message('user', text)),
  event('user_message', { message: text }),
  item(message('assistant', `re ${text}`)),
];
const back = (turns: number, more: object = {}) => event('thread_rolled_back', { num_turns: turns, ...more });

const logOf = (lines: readonly RolloutItem[]) =>
  threadLog({ path: '/r.jsonl', meta: { id: 'x', timestamp: '', cwd: '/' }, lines, warnings: [], nextOrdinal: 0 });
const texts = (lines: readonly RolloutItem[]) =>
  logOf(lines).history.flatMap((entry) =>
    entry.type === 'item' && entry.item.type === 'message' && entry.item.role === 'user'
      ? entry.item.content.map((part) => ('text' in part ? part.text : ''))
      : [],
  );

describe('lines that were rolled back', () => {
  test('are passed over, in files of keel and of the reference, however often it happened', () => {
    for (const make of [turn, bareTurn]) {
      const lines = [meta(), ...make('1'), ...make('2'), ...make('3'), back(2), ...make('4'), back(1), ...make('5')];
      expect(texts(lines)).toEqual(['1', '5']);
      expect(logOf(lines).turns).toHaveLength(2);
      expect(texts([...lines, back(99)])).toEqual([]);
    }
  });

  test('take with them what came after: a task of keel’s own, a compaction, notes; what stood before the turn stays', () => {
    const lines: RolloutItem[] = [
      meta(),
      item(message('user', '<environment_context>')),
      ...turn('1', tokenCount(10)),
      ...turn('2', tokenCount(30)),
      event('task_started', { turn_id: 'compact' }),
      { type: 'compacted', payload: { message: 'm', replacement_history: [] } },
      event('task_complete', { turn_id: 'compact' }),
      item(message('user', '<user_shell_command>')),
      back(1, { total_token_usage: usage(30) }),
    ];
    expect(texts(lines)).toEqual(['<environment_context>', '1']);
    expect(logOf(lines).history.map(({ type }) => type)).toEqual(['item', 'item', 'usage', 'spent']);
    expect(logOf(lines).history.at(-1)).toEqual({ type: 'spent', total: usage(30) });
  });

  test('are all that was written of a turn which a crash cut off and which began again', () => {
    const again = [event('task_started', { turn_id: '2' }), event('user_message', { message: '2' })];
    const lines = [meta(), ...turn('1'), ...again, item(message('user', '2')), ...again, back(1)];
    expect(texts(lines)).toEqual(['1']);
    expect(logOf(lines).turns.map(({ id }) => id)).toEqual(['1']);
  });

  test('keep their first turn context, and what is known of the files', () => {
    const lines = [
      ...turn('1', context('/one'), item(snapshot('s1'))),
      ...turn('2', context('/two'), item(snapshot('s2')), context('/other')),
      event('undo_completed', { success: true, snapshot: 's2' }),
      back(1),
    ];
    const log = logOf(lines);
    expect(log.lastTurnContext?.cwd).toBe('/two');
    expect(log.history.slice(-3)).toEqual([
      { type: 'item', item: snapshot('s1') },
      { type: 'item', item: snapshot('s2') },
      { type: 'undone', snapshot: 's2' },
    ]);
  });

  test('a line that says nothing sensible takes nothing back', () => {
    for (const count of [0, -1, 'two', null, undefined]) {
      expect(texts([...turn('1'), event('thread_rolled_back', { num_turns: count })])).toEqual(['1']);
    }
    expect(texts([back(3), ...turn('1')])).toEqual(['1']);
  });

  test('a plan takes no more than there is, and knows what was ever written behind the place', () => {
    const lines = [meta(), ...turn('1'), ...turn('2'), back(1), ...turn('3')];
    expect(planRollback([meta()], 1, null)).toBeNull();
    expect(planRollback(lines, 5, usage(7))).toMatchObject({
      turns: 2,
      line: { payload: { type: 'thread_rolled_back', num_turns: 2, total_token_usage: usage(7) } },
    });
    const plan = planRollback(lines, 1, null);
    expect(plan?.dropped).toEqual(turn('3'));
    expect(planRollback(lines, 2, null)?.dropped).toEqual(lines.slice(1));
    expect(texts([...lines, plan?.line ?? meta()])).toEqual(['1']);
  });

  test('L4: any order of turns and rollbacks leaves what a stack would hold, and lines without one are left as they are', () => {
    const deed = fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom<'marked' | 'bare'>('marked', 'bare') },
      { weight: 1, arbitrary: fc.integer({ min: 1, max: 4 }) },
    );
    fc.assert(
      fc.property(fc.array(deed, { maxLength: 30 }), (deeds) => {
        const lines: RolloutItem[] = [meta()];
        let stack: string[] = [];
        for (const [at, one] of deeds.entries()) {
          if (typeof one === 'number') {
            lines.push(back(one));
            stack = stack.slice(0, Math.max(0, stack.length - one));
          } else {
            lines.push(...(one === 'marked' ? turn(`${at}`) : bareTurn(`${at}`)));
            stack.push(`${at}`);
          }
        }
        expect(texts(lines)).toEqual(stack);
        const plain = lines.filter((line) => line.type !== 'event_msg' || line.payload.type !== 'thread_rolled_back');
        expect(survivingLines(plain)).toBe(plain);
      }),
      { numRuns: 300 },
    );
  });
});
