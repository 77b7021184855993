import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { promptOp, type TurnInput, type TurnOutcome } from '../../src/protocol.ts';
import {
  arrived,
  type Change,
  granted,
  Refusal,
  restored,
  stageEnded,
  stopped,
  submitted,
  type ThreadEffect,
  type ThreadState,
  viewOf,
} from '../../src/service/thread-state.ts';

const op = promptOp('go');
const idle: ThreadState = {
  owner: 'me',
  place: { cwd: '/work', home: '/home' },
  settings: { overrides: [] },
  limits: [],
  isClaiming: false,
  count: 0,
  current: null,
  queue: [],
  ended: [],
};
const limited: ThreadState = { ...idle, limits: [{ name: 'provider', max: 1 }] };
const completed: TurnOutcome = { type: 'ended', status: 'completed', message: 'ok', error: null, tokens: 5, taken: [] };
const question = { questionId: 'q1', about: 'run rm' };
const parked: TurnOutcome = { type: 'parked', questions: [question] };
const answer = (questionId = 'q1') => ({ type: 'answer', questionId, decision: { type: 'approved' } }) as const;

const submit = (state: ThreadState, submissionId: string) => submitted(state, { submissionId, op });
const types = ({ effects }: { readonly effects: readonly ThreadEffect[] }) => effects.map(({ type }) => type);
const running = () => submit(idle, 'a').state;
const waiting = () => stageEnded(running(), 'f1', 0, parked).state;

describe('a turn that is submitted', () => {
  test('starts at once in a thread that is idle', () => {
    const { state, effects, turnId } = submit(idle, 'a');
    expect(turnId).toBe('f1');
    expect(effects).toEqual([
      { type: 'start', job: { turnId: 'f1', stage: 0, op, place: idle.place, settings: idle.settings, inputs: [] } },
    ]);
    expect(state.current?.phase).toBe('running');
  });

  test('waits behind the one that runs, and starts when that has ended', () => {
    const second = submit(running(), 'b');
    expect(types(second)).toEqual([]);
    const next = stageEnded(second.state, 'f1', 0, completed);
    expect(next.effects).toMatchObject([{ type: 'start', job: { turnId: 'f2' } }]);
    expect(next.state.ended).toMatchObject([{ turnId: 'f1', submissionId: 'a', tokens: 5 }]);
  });

  test('is not started again under the same id, whether it runs, waits or has ended', () => {
    const both = submit(running(), 'b').state;
    expect(submit(both, 'a')).toMatchObject({ turnId: 'f1', effects: [] });
    expect(submit(both, 'b')).toMatchObject({ turnId: 'f2', effects: [] });
    const ended = stageEnded(running(), 'f1', 0, completed).state;
    expect(submit(ended, 'a')).toMatchObject({ turnId: 'f1', effects: [], state: ended });
  });

  test('waits for its limits first', () => {
    const claimed = submit(limited, 'a');
    expect(types(claimed)).toEqual(['acquire']);
    expect(claimed.state.current?.phase).toBe('limited');
    expect(types(granted(claimed.state))).toEqual(['start']);
  });

  test('is refused when too many wait', () => {
    let state = running();
    for (let at = 0; at < 64; at += 1) state = submit(state, `w${at}`).state;
    expect(() => submit(state, 'one more')).toThrow(Refusal);
  });
});

describe('what arrives', () => {
  test('is passed to the stage that runs, numbered', () => {
    const first = arrived(running(), { type: 'steer', text: 'left' });
    const second = arrived(first.state, { type: 'interrupt' });
    expect([...first.effects, ...second.effects]).toEqual([
      { type: 'pass', turnId: 'f1', stage: 0, input: { at: 1, input: { type: 'steer', text: 'left' } } },
      { type: 'pass', turnId: 'f1', stage: 0, input: { at: 2, input: { type: 'interrupt' } } },
    ]);
  });

  test('is refused where no turn is', () => {
    expect(() => arrived(idle, { type: 'interrupt' })).toThrow('no turn');
  });

  test('continues a parked turn when it answers its question', () => {
    const next = arrived(waiting(), answer());
    expect(next.effects).toMatchObject([
      { type: 'start', job: { turnId: 'f1', stage: 1, inputs: [{ at: 1, input: answer() }] } },
    ]);
    expect(next.state.current?.questions).toEqual([]);
  });

  test('is refused when it answers another question', () => {
    expect(() => arrived(waiting(), answer('q0'))).toThrow('not waiting');
  });

  test('does not continue a parked turn when it is a message, which waits for the answer', () => {
    const steered = arrived(waiting(), { type: 'steer', text: 'left' });
    expect(steered.effects).toEqual([]);
    expect(arrived(steered.state, answer()).effects).toMatchObject([{ job: { inputs: [{ at: 1 }, { at: 2 }] } }]);
  });

  test('while a stage is parking is not lost: it starts the next stage at once', () => {
    const late = arrived(running(), answer()).state;
    expect(stageEnded(late, 'f1', 0, parked).effects).toMatchObject([{ type: 'start', job: { stage: 1 } }]);
  });

  test('answers and an interrupt get through after many of them, in a turn that asks much', () => {
    let state = running();
    for (let at = 0; at < 200; at += 1) state = arrived(state, answer(`q${at}`)).state;
    expect(() => arrived(state, { type: 'steer', text: 'more' })).not.toThrow();
    expect(types(arrived(state, { type: 'interrupt' }))).toEqual(['pass']);
    expect(types(stopped(state))).toEqual(['pass']);
  });

  test.each(['completed', 'failed'] as const)(
    'as a message too late for a turn that %s becomes the next turn',
    (status) => {
      const { state } = arrived(running(), { type: 'steer', text: 'and this', images: ['keel-picture:1'] });
      const next = stageEnded(state, 'f1', 0, { ...completed, status });
      const items = [
        { type: 'text', text: 'and this' },
        { type: 'image', url: 'keel-picture:1' },
      ];
      expect(next.effects).toMatchObject([{ type: 'start', job: { op: { items } } }]);
      expect(next.state.ended).toMatchObject([{ turnId: 'f1', status, dropped: [] }]);
      const taken = stageEnded(state, 'f1', 0, { ...completed, status, taken: [1] });
      expect(taken.effects).toEqual([]);
    },
  );

  test('as a message too late for a turn that was interrupted starts nothing, and is reported', () => {
    const steered = arrived(running(), { type: 'steer', text: 'one' }).state;
    const both = arrived(steered, { type: 'steer', text: 'two' }).state;
    const next = stageEnded(both, 'f1', 0, { ...completed, status: 'interrupted', taken: [1] });
    expect(next.effects).toEqual([]);
    expect(next.state.ended).toMatchObject([{ turnId: 'f1', status: 'interrupted', dropped: [2] }]);
  });

  test('as a message behind the interrupt starts a turn, though the turn it was for was interrupted', () => {
    const steered = arrived(running(), { type: 'steer', text: 'before' }).state;
    const ending = arrived(steered, { type: 'interrupt' }).state;
    const behind = arrived(ending, { type: 'steer', text: 'behind' });
    expect(behind).toMatchObject({ turnId: 'f1', at: 3 });
    const next = stageEnded(behind.state, 'f1', 0, { ...completed, status: 'interrupted' });
    const turnId = 'f1-late-0';
    expect(next.effects).toMatchObject([{ type: 'start', job: { turnId, op: promptOp('behind') } }]);
    expect(next.state.ended).toMatchObject([{ status: 'interrupted', dropped: [1] }]);
    // The second of two interrupts counts: between them nothing is wanted either.
    const twice = arrived(behind.state, { type: 'interrupt' }).state;
    expect(stageEnded(twice, 'f1', 0, { ...completed, status: 'interrupted' })).toMatchObject({
      effects: [],
      state: { ended: [{ dropped: [1, 3] }] },
    });
  });

  test('as a message for a turn that is interrupted before its start is reported as dropped', () => {
    const steered = arrived(submit(limited, 'a').state, { type: 'steer', text: 'left' }).state;
    const { state } = arrived(steered, { type: 'interrupt' });
    expect(state.ended).toMatchObject([{ turnId: 'f1', status: 'stopped', dropped: [1] }]);
  });

  test('is refused when it is more than the engine can load for each call, but for an interrupt', () => {
    let state = running();
    const text = 'x'.repeat(1024 * 1024);
    const send = () => {
      for (let at = 0; at < 5; at += 1) state = arrived(state, { type: 'steer', text }).state;
    };
    expect(send).toThrow('too much text');
    expect(() => submitted(state, { submissionId: 'b', op: promptOp(text) })).toThrow('too much text');
    expect(types(arrived(state, { type: 'interrupt' }))).toEqual(['pass']);
  });
});

describe('a stage that ends', () => {
  test('gives its limits back, also when it parks', () => {
    const state = granted(submit(limited, 'a').state).state;
    expect(types(stageEnded(state, 'f1', 0, completed))).toEqual(['giveBack']);
    const rest = stageEnded(state, 'f1', 0, parked);
    expect(types(rest)).toEqual(['giveBack']);
    expect(types(arrived(rest.state, answer()))).toEqual(['acquire']);
  });

  test('is heard once: a late report changes nothing', () => {
    const { state } = arrived(waiting(), answer());
    expect(stageEnded(state, 'f1', 0, completed)).toEqual({ state, effects: [] });
    expect(stageEnded(state, 'f0', 1, completed)).toEqual({ state, effects: [] });
  });

  test('is remembered among the newest twenty', () => {
    let state = idle;
    for (let at = 1; at <= 30; at += 1) state = stageEnded(submit(state, `s${at}`).state, `f${at}`, 0, completed).state;
    expect(state.ended.map(({ turnId }) => turnId)).toEqual(Array.from({ length: 20 }, (_, at) => `f${at + 11}`));
  });
});

describe('a thread that is stopped', () => {
  test('takes back what waits, which has an end then, and interrupts what runs', () => {
    const { state, effects } = stopped(submit(running(), 'b').state);
    expect(state.queue).toEqual([]);
    expect(state.ended).toMatchObject([{ turnId: 'f2', submissionId: 'b', status: 'stopped' }]);
    expect(effects).toMatchObject([{ type: 'pass', input: { input: { type: 'interrupt' } } }]);
    expect(stopped(idle)).toEqual({ state: idle, effects: [] });
  });

  test('remembers each of many turns that waited, beside the newest that ran', () => {
    let state = running();
    for (let at = 0; at < 64; at += 1) state = submit(state, `w${at}`).state;
    state = stopped(state).state;
    for (let at = 0; at < 30; at += 1) state = submit(state, `l${at}`).state;
    for (let at = 0; at < 30; at += 1) {
      const turnId = state.current?.turnId ?? '';
      state = stageEnded(state, turnId, 0, completed).state;
    }
    expect(state.ended.filter(({ status }) => status === 'stopped')).toHaveLength(64);
    expect(state.ended.filter(({ status }) => status === 'completed')).toHaveLength(20);
  });

  test('does not run the turn that waits for its limits: it has its end at once, and its claim is given back', () => {
    const claimed = submit(limited, 'a').state;
    const { state, effects } = stopped(claimed);
    expect(effects).toEqual([]);
    expect(state).toMatchObject({ current: null, ended: [{ turnId: 'f1', status: 'stopped' }] });
    const late = granted(state);
    expect(types(late)).toEqual(['giveBack']);
    expect(granted(late.state).effects).toEqual([]);
  });

  test('gives the claim of its stopped turn to the next one, and claims nothing twice', () => {
    const { state } = arrived(submit(limited, 'a').state, { type: 'interrupt' });
    const next = submit(state, 'b');
    expect(next.effects).toEqual([]);
    expect(granted(next.state).effects).toMatchObject([{ type: 'start', job: { turnId: 'f2' } }]);
  });
});

test('a state that an earlier version stored claims its limits while its turn waits for them', () => {
  const { isClaiming: _, ...stored } = submit(limited, 'a').state;
  expect(types(granted(restored(stored)))).toEqual(['start']);
  const next = submit(arrived(restored(stored), { type: 'interrupt' }).state, 'b');
  expect(next.effects).toEqual([]);
  expect(restored(next.state)).toEqual(next.state);
  const { isClaiming: __, ...started } = granted(submit(limited, 'a').state).state;
  expect(granted(restored(started)).effects).toEqual([]);
});

test('the view of a thread has neither prompts nor answers', () => {
  const secret = 'a very long prompt';
  const busy = submitted(running(), { submissionId: 'b', op: promptOp(secret) }).state;
  const state = arrived(busy, { type: 'steer', text: secret }).state;
  expect(JSON.stringify(viewOf(state))).not.toContain(secret);
  expect(viewOf(state)).toMatchObject({
    current: { turnId: 'f1', submissionId: 'a', stage: 0, phase: 'running', questions: [] },
    queue: [{ turnId: 'f2', submissionId: 'b' }],
  });
  expect(viewOf(idle)).toEqual(idle);
});

test('whatever arrives in whatever order: one stage at a time, and every submission runs once', () => {
  const step = fc.oneof(
    fc.record({ type: fc.constant('submit' as const), id: fc.integer({ min: 0, max: 9 }) }),
    fc.constant({ type: 'grant' as const }),
    fc.constant({ type: 'end' as const }),
    fc.constant({ type: 'fail' as const }),
    fc.constant({ type: 'interrupt' as const }),
    fc.constant({ type: 'stop' as const }),
    fc.constant({ type: 'park' as const }),
    fc.constant({ type: 'answer' as const }),
    fc.constant({ type: 'steer' as const }),
  );
  fc.assert(
    fc.property(fc.boolean(), fc.array(step, { maxLength: 60 }), (hasLimits, steps) => {
      let state = hasLimits ? limited : idle;
      const starts: string[] = [];
      const sent = new Set<string>();
      let open: string | null = null;
      let claims = 0;
      let isGranted = false;
      const apply = (change: Change) => {
        state = change.state;
        for (const effect of change.effects) {
          if (effect.type === 'acquire') claims += 1;
          // At most one claim is under way, and none while one is used.
          expect(claims + (isGranted ? 1 : 0)).toBeLessThanOrEqual(1);
          if (effect.type === 'giveBack') isGranted = false;
          if (effect.type !== 'start') continue;
          expect(isGranted).toBe(hasLimits);
          expect(open).toBeNull();
          open = `${effect.job.turnId}.${effect.job.stage}`;
          starts.push(open);
        }
      };
      const end = (outcome: TurnOutcome) => {
        if (open === null || state.current?.phase !== 'running') return;
        const { turnId, stage } = state.current;
        expect(open).toBe(`${turnId}.${stage}`);
        open = null;
        apply(stageEnded(state, turnId, stage, outcome));
      };
      const input = (value: TurnInput['input']) => {
        try {
          apply(arrived(state, value));
        } catch (error) {
          if (!(error instanceof Refusal)) throw error;
        }
      };
      for (const one of steps) {
        const taken = state.current?.inputs.map(({ at }) => at) ?? [];
        if (one.type === 'submit') {
          sent.add(`s${one.id}`);
          apply(submit(state, `s${one.id}`));
        } else if (one.type === 'grant') {
          isGranted ||= claims > 0;
          claims = 0;
          apply(granted(state));
        } else if (one.type === 'stop') apply(stopped(state));
        else if (one.type === 'interrupt') input({ type: 'interrupt' });
        else if (one.type === 'end') end({ ...completed, taken });
        else if (one.type === 'fail') end({ ...completed, status: 'failed', taken });
        else if (one.type === 'park') end(parked);
        else if (one.type === 'answer') input(answer());
        else input({ type: 'steer', text: 'hm' });
      }
      expect(new Set(starts).size).toBe(starts.length);
      if (state.current === null) expect(state.queue).toEqual([]);
      // Whoever waits for a turn finds it: it waits, is at work, or has an end.
      const known = [...state.queue, ...state.ended, ...(state.current ? [state.current] : [])];
      const ids = known.map(({ submissionId }) => submissionId);
      expect([...new Set(ids)].sort()).toEqual([...sent].sort());
      expect(ids).toHaveLength(sent.size);
      expect(state.isClaiming).toBe(claims > 0);
    }),
    { numRuns: 200 },
  );
});
