import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { RequestRecord, RolloutItem } from '../../../src/foundation/protocol/index.ts';
import {
  answeredRequest,
  fingerprintOf,
  InputList,
  lastRequest,
  NO_REQUEST,
} from '../../../src/storage/rollout/index.ts';
import { event, meta, usage } from './lines.ts';

const print = (cut: number, kept: number, items: string[]) => ({
  instructions: 'i',
  tools: 't',
  options: 'o',
  cut,
  kept,
  items,
});
const begin = (asks: unknown): RolloutItem => ({
  type: 'step',
  payload: { turn: 't', id: 's', kind: 'sampling', state: 'begin', version: 1, asks },
});
const request: RequestRecord = {
  provider: 'p',
  model: 'm',
  sentAt: 1,
  firstTokenMs: 2,
  durationMs: 3,
  costUsd: null,
  cacheWritten: 0,
  cacheMiss: null,
  missedTokens: 0,
};
const end = (value: unknown, kind: 'sampling' | 'compact' | 'tool' = 'sampling'): RolloutItem => ({
  type: 'step',
  payload: { turn: 't', id: 's', kind, state: 'end', version: 1, value },
});

describe('the items of a request, from one fingerprint to the next', () => {
  const digestsAfter = (...prints: ReturnType<typeof print>[]) => {
    const list = new InputList();
    for (const each of prints) list.apply(each);
    return list.digests.join('');
  };

  test.each([
    ['the first request', [print(0, 0, ['a', 'b'])], 'ab'],
    ['one that extends it', [print(0, 0, ['a', 'b']), print(0, 2, ['c'])], 'abc'],
    ['one without its beginning', [print(0, 0, ['a', 'b', 'c']), print(1, 2, ['d'])], 'bcd'],
    ['one without its end', [print(0, 0, ['a', 'b', 'c']), print(0, 1, [])], 'a'],
    ['one of which nothing is left', [print(0, 0, ['a', 'b']), print(2, 0, ['x'])], 'x'],
    ['more cut than there was', [print(0, 0, ['a']), print(9, 0, ['x'])], 'x'],
    ['more kept than there was', [print(0, 0, ['a']), print(0, 9, ['x'])], 'ax'],
  ])('%s', (_, prints, digests) => {
    expect(digestsAfter(...prints)).toBe(digests);
  });

  test('any list can become any other one', () => {
    const digests = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 6 });
    fc.assert(
      fc.property(digests, digests, fc.nat(6), (one, other, cut) => {
        const rest = one.slice(cut);
        let kept = 0;
        while (kept < rest.length && rest[kept] === other[kept]) kept += 1;
        expect(digestsAfter(print(0, 0, one), print(cut, kept, other.slice(kept)))).toBe(other.join(''));
      }),
    );
  });
});

describe('a fingerprint in a record', () => {
  test.each<[string, unknown]>([
    ['of an older version', 'digest'],
    ['absent', undefined],
    ['without its items', { ...print(0, 0, []), items: undefined }],
    ['with a place before the first', print(-1, 0, [])],
    ['with fewer than none kept', print(0, -1, [])],
    ['with half an item', print(0, 1.5, [])],
    ['with no number', { ...print(0, 0, []), cut: null }],
  ])('is none: %s', (_, asks) => {
    expect(fingerprintOf(asks)).toBeNull();
    expect(lastRequest([meta(), begin(print(0, 0, ['a'])), begin(asks)]).digests).toEqual(['a']);
  });
});

describe('the last request of a thread', () => {
  test('is none where there was none', () => {
    expect(lastRequest([])).toEqual(NO_REQUEST);
    expect(lastRequest([meta(), event('task_started')])).toEqual(NO_REQUEST);
  });

  test('is the newest one, and what the newest answer took', () => {
    const lines = [
      begin(print(0, 0, ['a'])),
      end({ usage: usage(1), request }),
      begin(print(0, 1, ['b'])),
      end({ usage: usage(2), request: { ...request, sentAt: 5 } }),
      begin(print(0, 2, ['c'])),
    ];
    const last = lastRequest(lines);
    expect(last.digests).toEqual(['a', 'b', 'c']);
    expect(last.fingerprint?.kept).toBe(2);
    expect(last.answered).toEqual({ usage: usage(2), request: { ...request, sentAt: 5 } });
  });

  test('has no answer where the newest record can\u2019t be read', () => {
    expect(lastRequest([end({ usage: usage(1), request }), end({ usage: null, request: 'x' })]).answered).toBeNull();
  });

  test.each<[string, RolloutItem, boolean]>([
    ['a request', end({ usage: usage(1), request }), true],
    ['a compaction', end({ usage: null, request }, 'compact'), true],
    ['a tool', end({ usage: usage(1), request }, 'tool'), false],
    ['a record of an older version', end({ usage: usage(1) }), false],
    ['a request that has only begun', begin(print(0, 0, [])), false],
    ['another line', event('token_count'), false],
  ])('the end of %s: %s', (_, line, isAnswer) => {
    expect(answeredRequest(line) !== null).toBe(isAnswer);
  });
});
