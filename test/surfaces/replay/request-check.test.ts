import { describe, expect, test } from 'vitest';
import type { RequestFingerprint, ResponseItem } from '../../../src/foundation/protocol/index.ts';
import type { Difference } from '../../../src/surfaces/replay/report.ts';
import { RequestCheck } from '../../../src/surfaces/replay/request-check.ts';

type Request = Parameters<RequestCheck['request']>[0];

/** What a request adds to the one before: it keeps the first `kept` items and appends others, each named by its digest. */
const print = (kept: number, items: readonly string[], changes: Partial<RequestFingerprint> = {}) => ({
  ...{ instructions: 'i:1', tools: 't:1', options: 'o:1', cut: 0, kept, items: [...items] },
  ...changes,
});

const said = (text: string): ResponseItem => ({
  type: 'message',
  role: 'user',
  content: [{ type: 'input_text', text }],
});

/** A check with all that it found, and a way to make the request of a step again. */
function checking(texts: Readonly<Record<string, string>> = {}) {
  const found: Difference[] = [];
  const check = new RequestCheck(
    (difference) => found.push(difference),
    (digest) => texts[digest] ?? null,
  );
  const ask = (stepId: string, now: RequestFingerprint, more: Partial<Request> = {}) =>
    check.request({
      ...{ turnId: 't', stepId, was: undefined, now, input: () => [] },
      prompt: { instructions: '', input: [], tools: [], parallelToolCalls: false },
      ...more,
    });
  return { check, found, ask };
}

const turn = (number: number, asked: readonly (readonly [string, unknown])[], hasExternalTools = false) => ({
  ...{ number, hasExternalTools },
  asked: asked.map(([stepId, asks]) => ({ stepId, asks })),
});

describe('requests that are made again', () => {
  test('are compared with their own, one after the other, and the same is no difference', () => {
    const { check, found, ask } = checking();
    const first = print(0, ['a', 'b']);
    const second = print(2, ['c']);
    check.beginTurn(
      turn(1, [
        ['s1', first],
        ['s2', second],
      ]),
    );
    ask('s1', first);
    ask('s2', second);
    check.endTurn();
    expect([found, check.compared, check.all]).toEqual([[], 2, 2]);
  });

  test.each(['instructions', 'tools', 'options'] as const)('differ in their %s, which are named', (part) => {
    const { check, found, ask } = checking();
    check.beginTurn(turn(3, [['s1', print(0, ['a'])]]));
    ask('s1', print(0, ['a'], { [part]: 'x:9' }));
    expect(found).toEqual([{ type: 'request', turn: 3, step: 's1', part, was: print(0, [])[part], now: 'x:9' }]);
  });

  test('may have other tools where some were not keel’s', () => {
    const { check, found, ask } = checking();
    check.beginTurn(turn(1, [['s1', print(0, ['a'])]], true));
    ask('s1', print(0, ['a'], { tools: 'x:9' }));
    expect(found).toEqual([]);
  });

  test.each<[string, readonly string[], object]>([
    [
      'changed',
      ['a', 'X', 'c'],
      { item: 1, change: 'changed', was: 'b', now: 'X', wasText: 'text of b', nowText: 'n1' },
    ],
    ['added', ['a', 'X', 'b', 'c'], { item: 1, change: 'added', was: 'b', now: 'X', nowText: 'n1' }],
    ['added at the end', ['a', 'b', 'c', 'X'], { item: 3, change: 'added', was: null, now: 'X', wasText: null }],
    ['missing', ['a', 'c'], { item: 1, change: 'missing', was: 'b', now: 'c', wasText: 'text of b' }],
    ['missing at the end', ['a', 'b'], { item: 2, change: 'missing', was: 'c', now: null, nowText: null }],
  ])('show the first item that is %s', (_, now, expected) => {
    const { check, found, ask } = checking({ b: 'text of b' });
    check.beginTurn(turn(1, [['s1', print(0, ['a', 'b', 'c'])]]));
    ask('s1', print(0, now), { input: () => now.slice(0, 4).map((__, at) => `n${at}`) });
    expect(found).toMatchObject([{ type: 'input', turn: 1, step: 's1', ...expected }]);
  });

  test('are no difference any more once the conversation is the same again', () => {
    const { check, found, ask } = checking();
    const whole = print(0, ['s', 'b']);
    check.beginTurn(
      turn(1, [
        ['s1', print(0, ['a'])],
        ['s2', whole],
        ['s3', print(2, ['c'])],
      ]),
    );
    ask('s1', print(0, ['X']));
    ask('s2', whole);
    ask('s3', print(2, ['c']));
    expect(found.map((one) => ('step' in one ? one.step : one.type))).toEqual(['s1']);
    expect(check.compared).toBe(3);
  });

  test('of a step that was restarted are compared with the last that it sent', () => {
    const { check, found, ask } = checking();
    check.beginTurn(
      turn(1, [
        ['s1', print(0, ['old'])],
        ['s1', print(0, ['a'])],
      ]),
    );
    ask('s1', print(0, ['a']));
    expect(found).toEqual([]);
  });

  test('come after those of the record that were not made again', () => {
    const { check, found, ask } = checking();
    check.beginTurn(
      turn(1, [
        ['s1', print(0, ['a'])],
        ['s2', print(1, ['b'])],
      ]),
    );
    ask('s2', print(0, ['a', 'b']));
    expect(found).toEqual([]);
    expect([check.compared, check.all]).toEqual([1, 1]);
  });
});

describe('a request without a fingerprint', () => {
  const asked = turn(2, [['s1', undefined]]);

  test('is not compared, and has to extend the one before', () => {
    const { check, found, ask } = checking();
    const [one, two, three] = ['one', 'two', 'three'].map(said);
    const prompt = (...input: (ResponseItem | undefined)[]) => ({
      prompt: {
        ...{ instructions: '', tools: [], parallelToolCalls: false },
        input: input.filter((item) => item !== undefined),
      },
    });
    check.beginTurn(asked);
    ask('s1', print(0, ['a']), prompt(one, two));
    ask('s1', print(1, ['b']), prompt(one, two, three));
    expect(found).toEqual([]);
    ask('s1', print(0, ['c']), prompt(one, three));
    ask('s1', print(0, ['d']), prompt(two));
    expect(found).toEqual([{ type: 'form', turn: 2, message: 'a request does not extend the one before' }]);
    expect([check.compared, check.all]).toEqual([0, 4]);
  });

  test('need not extend one before the history was replaced', () => {
    const { check, found } = checking();
    check.beginTurn(asked);
    check.checkExtends([said('one')]);
    check.restart();
    check.checkExtends([said('other')]);
    expect(found).toEqual([]);
  });
});
