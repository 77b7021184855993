import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { pageOf, type ThreadQuery, type ThreadSummary } from '../../../src/storage/threads/list-threads.ts';

const thread = (id: string, more: Partial<ThreadSummary> = {}): ThreadSummary => ({
  id,
  path: `/s/${id}.jsonl`,
  createdAt: 1_000,
  updatedAt: 1_000,
  cwd: '/w',
  gitBranch: null,
  source: 'cli',
  modelProvider: 'openai',
  model: null,
  preview: '',
  turnCount: 1,
  forkedFromId: null,
  parentId: null,
  archived: false,
  name: null,
  ...more,
});
const ids = (
  threads: readonly ThreadSummary[],
  query: ThreadQuery,
  said: (one: ThreadSummary) => boolean = () => false,
) => pageOf(threads, query, said).threads.map(({ id }) => id);

describe('a page of threads', () => {
  const all = [
    thread('a', { updatedAt: 3_000, createdAt: 1_000, name: 'Büro', cwd: '/w/one' }),
    thread('b', { updatedAt: 2_000, createdAt: 2_000, source: 'exec', modelProvider: 'anthropic' }),
    thread('c', { updatedAt: 1_000, createdAt: 3_000, source: 'subagent', modelProvider: null }),
    thread('d', { archived: true }),
    thread('e', { updatedAt: 500, parentId: 'a' }),
  ];

  test.each<[string, ThreadQuery, string[]]>([
    ['by its newest item', {}, ['a', 'b', 'c', 'e']],
    ['the other way round', { oldestFirst: true }, ['e', 'c', 'b', 'a']],
    ['by its start', { sortKey: 'createdAt' }, ['c', 'b', 'e', 'a']],
    ['no more than asked for', { limit: 2 }, ['a', 'b']],
    ['of a directory', { cwd: '/w/one' }, ['a']],
    ['of several', { cwd: ['/w/one', '/w'] }, ['a', 'b', 'c', 'e']],
    ['of none', { cwd: [] }, []],
    ['of a source', { sources: ['exec'] }, ['b']],
    ['of any source', { sources: [] }, ['a', 'b', 'c', 'e']],
    ['of its user', { ofUser: true }, ['a', 'b']],
    ['of a provider, with those that name none', { modelProviders: ['openai'] }, ['a', 'c', 'e']],
    ['that is archived', { archived: true }, ['d']],
    ['by a part of its name, in any case', { name: 'bÜR' }, ['a']],
    ['by a part of its directory', { search: 'ONE' }, ['a']],
    ['by nothing', { search: '', name: '' }, ['a', 'b', 'c', 'e']],
    ['that nobody has', { search: 'nowhere' }, []],
  ])('has threads %s', (_, query, wanted) => {
    expect(ids(all, query)).toEqual(wanted);
  });

  test('asks what was said only where nothing else decides', () => {
    const asked: string[] = [];
    const said = ({ id }: ThreadSummary) => {
      asked.push(id);
      return id === 'b';
    };
    expect(ids(all, { search: 'one' }, said)).toEqual(['a', 'b']);
    expect(asked).toEqual(['b', 'c', 'e']);
  });

  test.each([0, -1, 1.5, 1_001, Number.NaN])('of %d threads is refused', (limit) => {
    expect(() => ids(all, { limit })).toThrow('a page has 1 to 1000 threads');
  });

  test.each(['', 'x', '|', 'x|a', '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z|', '2026-01-01T00:00:00Z|a|b'])(
    'behind a cursor that is none is refused: %j',
    (cursor) => {
      expect(() => ids(all, { cursor })).toThrow("isn't a cursor");
    },
  );

  test('behind a thread that is gone meanwhile continues where that was', () => {
    const { nextCursor } = pageOf(all, { limit: 1 }, () => false);
    expect(ids(all.slice(1), { cursor: nextCursor ?? '' })).toEqual(['b', 'c', 'e']);
  });

  test('and the pages behind it have each thread once, in order, whatever the times', () => {
    const some = fc.uniqueArray(fc.tuple(fc.nat(5), fc.uuid()), { maxLength: 20, selector: ([, id]) => id });
    fc.assert(
      fc.property(some, fc.integer({ min: 1, max: 7 }), fc.boolean(), (places, limit, oldestFirst) => {
        const threads = places.map(([time, id]) => thread(id, { updatedAt: time * 1_000 }));
        const found: string[] = [];
        let cursor: string | null = null;
        do {
          const page = pageOf(threads, { limit, oldestFirst, ...(cursor === null ? {} : { cursor }) }, () => false);
          found.push(...page.threads.map(({ id }) => id));
          cursor = page.nextCursor;
        } while (cursor !== null);
        expect(found).toEqual(ids(threads, { limit: 1_000, oldestFirst }));
        expect(new Set(found).size).toBe(threads.length);
      }),
    );
  });

  test('does not change when threads are added behind its place', () => {
    const first = pageOf(all, { limit: 2 }, () => false);
    const more = [...all, thread('new', { updatedAt: 9_000 })];
    expect(ids(more, { cursor: first.nextCursor ?? '' })).toEqual(['c', 'e']);
  });
});
