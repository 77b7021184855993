import { describe, expect, test } from 'vitest';
import type { Difference, InputDifference, ReplayReport } from '../../../src/surfaces/replay/report.ts';
import { reportText } from '../../../src/surfaces/replay/report-text.ts';

const report = (changes: Partial<ReplayReport> = {}): ReplayReport => ({
  ...{ thread: 'thread-1', path: '/r.jsonl', same: true, turns: { run: 2, all: 2 } },
  ...{ requests: { compared: 3, all: 3 }, differences: [], notes: [] },
  ...changes,
});
const textOf = (...differences: Difference[]) => reportText(report({ same: false, differences }));
/** The one difference, without the head. */
const lineOf = (difference: Difference) => textOf(difference).split('\n').slice(2).join('\n');

const input = (changes: Partial<InputDifference>): InputDifference => ({
  ...{ type: 'input', turn: 2, step: 'model-3', item: 4, change: 'changed', was: 'aaaa:10', now: 'bbbb:12' },
  ...{ wasText: '"one"', nowText: '"two"' },
  ...changes,
});

describe('what keel replay prints', () => {
  test('says first whether it is the same, and how much of it was compared', () => {
    expect(reportText(report())).toBe(
      'thread-1: the same as recorded\n  2 of 2 turns run again, 3 of 3 requests compared\n',
    );
    const one = report({ turns: { run: 0, all: 1 }, requests: { compared: 0, all: 1 } });
    expect(reportText(one)).toContain('0 of 1 turn run again, 0 of 1 request compared');
  });

  test('has the notes at its end', () => {
    const text = reportText(report({ notes: ['turn 1 had tools of its own', 'and another one'] }));
    expect(text.split('\n').slice(2)).toEqual(['  note: turn 1 had tools of its own', '  note: and another one', '']);
  });

  test('counts the differences', () => {
    const one: Difference = { type: 'steps', turn: 1, message: 'x' };
    expect(textOf(one)).toMatch(/^thread-1: 1 difference\n/);
    expect(textOf(one, one)).toMatch(/^thread-1: 2 differences\n/);
  });

  test('shows ten of them, and says how many more there are', () => {
    const many = Array.from({ length: 13 }, (_, at): Difference => ({ type: 'form', turn: at + 1, message: `m${at}` }));
    const lines = textOf(...many).split('\n');
    expect(lines.filter((line) => line.startsWith('  turn '))).toHaveLength(10);
    expect(lines.at(-2)).toBe('  and 3 more: see --json');
    expect(textOf(...many.slice(0, 10))).not.toContain('more: see --json');
  });

  test.each<[Difference, string]>([
    [
      { type: 'request', turn: 1, step: 'model-0', part: 'tools', was: 'aaaa:100', now: 'bbbb:120' },
      '  turn 1, model-0: the tools differ (100 bytes then, 120 bytes now)\n',
    ],
    [{ type: 'steps', turn: 2, message: 'the turn ends' }, '  turn 2: the turn ends\n'],
    [{ type: 'form', turn: 3, message: 'the call c1 has no output' }, '  turn 3: the call c1 has no output\n'],
    [
      { type: 'outcome', turn: 1, was: 'completed', now: 'failed' },
      '  turn 1: it ended with "completed" then and with "failed" now\n',
    ],
    [input({ change: 'added', was: null, wasText: null }), '  turn 2, model-3: input item 4 is new: "two"\n'],
    [input({ change: 'missing', now: null, nowText: null }), '  turn 2, model-3: input item 4 is missing: "one"\n'],
    [
      input({ change: 'missing', now: null, nowText: null, wasText: null }),
      '  turn 2, model-3: input item 4 is missing: (10 bytes, not in the record)\n',
    ],
    [input({}), '  turn 2, model-3: input item 4 differs\n    then: "one"\n    now:  "two"\n'],
    [
      input({ wasText: null }),
      '  turn 2, model-3: input item 4 differs\n    then: (10 bytes, not in the record as it was)\n    now:  "two"\n',
    ],
    [input({ nowText: null }), '  turn 2, model-3: input item 4 differs\n    then: "one"\n    now:  12 bytes\n'],
  ])('words: %j', (difference, words) => {
    expect(lineOf(difference)).toBe(words);
  });
});

describe('two long items that differ', () => {
  const long = (end: string) => `${'x'.repeat(1_000)}${end}${'y'.repeat(1_000)}`;

  test('are shown around the first place where they do', () => {
    const [, then = '', now = ''] = lineOf(input({ wasText: long('OLD'), nowText: long('NEW') })).split('\n');
    expect(then).toMatch(/^ {4}then: …x{60}OLDy+…$/);
    expect(now).toMatch(/^ {4}now: {2}…x{60}NEWy+…$/);
    expect(then.length).toBeLessThan(220);
  });

  test('are shown from the start where that differs, and to the end where one is longer', () => {
    const [, then, now] = lineOf(input({ wasText: 'abc', nowText: 'abcdef' })).split('\n');
    expect([then, now]).toEqual(['    then: abc', '    now:  abcdef']);
  });
});

test('a record can’t steer the terminal by what it has in it', () => {
  const hostile = 'a\u001b[2J\u0007\rb\u009b31mc\u001b]0;title\u0007d';
  const text = reportText(
    report({
      ...{ same: false, thread: hostile, notes: [hostile] },
      differences: [
        { type: 'steps', turn: 1, message: hostile },
        { type: 'outcome', turn: 1, was: hostile, now: hostile },
        input({ wasText: hostile, nowText: `${hostile}x` }),
      ],
    }),
  );
  expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
  expect(text.split('\n')).toHaveLength(9);
});
