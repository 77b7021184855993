import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { OutputLines } from '../../../src/models/local/output-lines.ts';
import { PullProgress } from '../../../src/models/local/pull-progress.ts';

function progress() {
  let now = 0;
  const shown = new PullProgress(() => now);
  return { shown, pass: (ms: number) => (now += ms) };
}

describe('the progress of a model that is fetched', () => {
  test('is shown at once, then every two seconds, and when it is whole', () => {
    const { shown, pass } = progress();
    const at = (completed: number) => shown.part({ digest: 'a', total: 10e9, completed });
    expect(at(0)).toBe('0 MB of 10.0 GB (0 %)');
    pass(1_999);
    expect(at(1e9)).toBeNull();
    pass(1);
    expect(at(1.5e9)).toBe('1.5 GB of 10.0 GB (15 %)');
    expect(at(10e9)).toBe('10.0 GB of 10.0 GB (100 %)');
    expect(at(10e9)).toBeNull();
  });

  test('sums the files, each with its newest report', () => {
    const { shown, pass } = progress();
    shown.part({ digest: 'a', total: 100e6, completed: 50e6 });
    pass(2_000);
    expect(shown.part({ digest: 'b', total: 300e6, completed: 0 })).toBe('50 MB of 400 MB (12 %)');
    pass(2_000);
    expect(shown.part({ digest: 'a', total: 100e6, completed: 100e6 })).toBe('100 MB of 400 MB (25 %)');
  });

  test('of a server that counts more than there is stays at the whole', () => {
    expect(progress().shown.part({ digest: 'a', total: 5e6, completed: 9e6 })).toBe('5 MB of 5 MB (100 %)');
  });

  test('of an empty file is whole', () => {
    expect(progress().shown.part({ digest: 'a', total: 0, completed: 0 })).toBe('0 MB of 0 MB (100 %)');
  });

  test('in words is shown once as long as it stays the same', () => {
    const { shown } = progress();
    expect([shown.status('verifying'), shown.status('verifying'), shown.status('done')]).toEqual([
      ...['verifying', null, 'done'],
    ]);
  });
});

describe('what a program prints', () => {
  function lines() {
    const seen: string[] = [];
    return { seen, output: new OutputLines((line) => seen.push(line)) };
  }

  test('is read by lines, whatever ends them and wherever it is cut', () => {
    const { seen, output } = lines();
    for (const part of ['one\ntw', 'o\r\nthree\rfo', 'ur']) output.take(part);
    expect(seen).toEqual(['one', 'two', 'three']);
    output.end();
    expect(seen).toEqual(['one', 'two', 'three', 'four']);
  });

  test('is without empty lines, repeated ones and control characters', () => {
    const { seen, output } = lines();
    output.take('  a \n\n \na\nb\u001b[2K\u0007\n');
    expect(seen[0]).toBe('a');
    expect(seen).toHaveLength(2);
    expect(seen[1]).not.toMatch(/[\u001b\u0007]/);
  });

  test('is kept to its last five lines', () => {
    const { output } = lines();
    output.take('1\n2\n3\n4\n5\n6\n7\n');
    expect(output.last()).toEqual(['3', '4', '5', '6', '7']);
  });

  test('gives the same lines however it is cut, but for a line end that is cut in two', () => {
    const text = fc.array(fc.constantFrom('a', 'b', ' ', '\n', 'ü'), { maxLength: 40 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(text, fc.nat(40), (whole, at) => {
        const [one, two] = [lines(), lines()];
        one.output.take(whole);
        one.output.end();
        two.output.take(whole.slice(0, at));
        two.output.take(whole.slice(at));
        two.output.end();
        expect(two.seen).toEqual(one.seen);
      }),
    );
  });
});
