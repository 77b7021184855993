import { describe, expect, test } from 'vitest';
import type { ThreadSummary } from '../../../../src/storage/threads/index.ts';
import { threadFacts, threadLines } from '../../../../src/surfaces/cli/thread-lines.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const NOW = new Date(2026, 4, 17, 12, 30).getTime();

const thread = (changes: Partial<ThreadSummary> = {}): ThreadSummary => ({
  ...{ id: 'id-1', path: '/home/me/.keel/sessions/r.jsonl', cwd: '/work', name: null, archived: false },
  ...{ createdAt: NOW - HOUR, updatedAt: NOW - HOUR, preview: 'fix the test', model: 'gpt-5', turnCount: 2 },
  ...{ forkedFromId: null, parentId: null, source: 'exec', modelProvider: 'openai', cliVersion: null, gitBranch: null },
  ...changes,
});
const listed = (...threads: ThreadSummary[]) => threadLines({ threads, nextCursor: null }, NOW);

describe('a list of threads', () => {
  test('has one line each: id, when it changed, and what it is called or began with', () => {
    expect(listed(thread(), thread({ id: 'id-2', name: 'low water' }))).toBe(
      'id-1  2026-05-17 11:30   1 h ago  fix the test\nid-2  2026-05-17 11:30   1 h ago  low water\n',
    );
  });

  test.each([
    [0, 'now'],
    [59_999, 'now'],
    // By the clock of another machine it is later already.
    [-HOUR, 'now'],
    [MINUTE, '1 min ago'],
    [59 * MINUTE, '59 min ago'],
    [HOUR, '1 h ago'],
    [23 * HOUR, '23 h ago'],
    [24 * HOUR, '1 d ago'],
    [400 * 24 * HOUR, '400 d ago'],
  ])('says how long ago %d ms are: %s', (ms, words) => {
    expect(listed(thread({ updatedAt: NOW - ms }))).toContain(`${words}  fix the test`);
  });

  test('is a sentence where there are none, and says how the rest is reached', () => {
    expect(listed()).toBe('No threads.\n');
    const page = threadLines({ threads: [thread()], nextCursor: '2026|id-1' }, NOW);
    expect(page.split('\n').at(-2)).toBe("More: --cursor '2026|id-1'");
  });

  test.each([
    ['a line break', 'one\ntwo', 'one two'],
    ['white space', 'one \t  two', 'one two'],
    ['a control sequence', 'a\u001b[2Jb', 'ab'],
  ])('shows a title with %s on its one line', (_, preview, shown) => {
    const line = listed(thread({ preview }));
    expect(line.split('\n')).toHaveLength(2);
    expect(line).not.toContain('\u001b');
    expect(line).toContain(`  ${shown}\n`);
  });

  test('cuts a long title, never in the middle of a character', () => {
    const line = listed(thread({ preview: `${'x'.repeat(79)}😀 and more` }));
    expect(line).not.toContain('and more');
    expect(line.isWellFormed()).toBe(true);
  });
});

describe('the facts of a thread', () => {
  const factsOf = (changes: Partial<ThreadSummary> = {}) => threadFacts(thread(changes), NOW).split('\n');

  test('are a line each', () => {
    expect(factsOf()).toEqual([
      ...['id: id-1', 'name: -', 'changed: 2026-05-17 11:30, 1 h ago', 'directory: /work', 'model: gpt-5'],
      ...['turns: 2', 'archived: no', 'file: /home/me/.keel/sessions/r.jsonl', 'starts with: fix the test', ''],
    ]);
  });

  test('have what a fork came from, and what a thread with a name began with', () => {
    const facts = factsOf({ forkedFromId: 'id-0', name: 'low water', archived: true, model: null });
    expect(facts).toEqual(
      expect.arrayContaining(['fork of: id-0', 'name: low water', 'starts with: fix the test', 'archived: yes']),
    );
    expect(facts).toContain('model: -');
  });

  test('are one line each whatever a record has in them', () => {
    const facts = factsOf({ cwd: '/a\nb', name: 'n\u001b]0;x\u0007', preview: 'p\r\nq' });
    expect(facts).toHaveLength(10);
    expect(facts.join('')).not.toMatch(/[\u0000-\u0009\u001b]/);
  });
});
