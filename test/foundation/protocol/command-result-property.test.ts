import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  commandEnd,
  commandOutput,
  commandResultJson,
  commandResultLines,
  finishedResult,
  jsonResultAsLines,
  steadyResult,
  timedOutLine,
  withCommandOutput,
} from '../../../src/foundation/protocol/index.ts';

/** What programs print, among it what looks like the envelope of a result. */
const output = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc
    .array(
      fc.constantFrom(
        'Exit code: 0\n',
        'Still running as session 1\n',
        'Wall time: 0.1 seconds\n',
        'Total output lines: 3\n',
        'Output:\n',
        '{"output":"x","metadata":{"exit_code":0,"duration_seconds":1}}',
        '[... omitted 2 of 5 lines ...]',
        'text\n',
        '\r\n',
      ),
      { maxLength: 6 },
    )
    .map((parts) => parts.join('')),
);
const exitCode = fc.oneof(fc.integer({ min: -255, max: 255 }), fc.constantFrom(0, 1, 124, 137, -2_147_483_648));
const durationSeconds = fc.integer({ min: 0, max: 100_000 }).map((tenths) => tenths / 10);

test('a result gives back what was put into it, in either form, whatever the program printed', () => {
  fc.assert(
    fc.property(output, exitCode, durationSeconds, (text, code, seconds) => {
      const result = { output: text, exitCode: code, durationSeconds: seconds };
      for (const written of [finishedResult(result), commandResultJson(result)]) {
        expect(commandEnd(written)).toMatchObject({ exitCode: code, output: text });
        expect(commandOutput(written)).toBe(text);
      }
    }),
  );
});

test('a command that still runs has no end, whatever it printed so far', () => {
  fc.assert(
    fc.property(output, fc.nat(9_999), (text, sessionId) => {
      const written = commandResultLines({ state: { type: 'running', sessionId }, seconds: '1.0', output: text });
      expect(commandEnd(written)).toBeNull();
      expect(commandOutput(written)).toBe(text);
    }),
  );
});

test('an output that is replaced by itself leaves the result as it was, and another one leaves the rest', () => {
  fc.assert(
    fc.property(output, output, exitCode, durationSeconds, (text, other, code, seconds) => {
      const result = { output: text, exitCode: code, durationSeconds: seconds };
      for (const write of [finishedResult, commandResultJson]) {
        expect(withCommandOutput(write(result), (same) => same)).toBe(write(result));
        expect(withCommandOutput(write(result), () => other)).toBe(write({ ...result, output: other }));
      }
    }),
  );
});

test('two runs that did the same are equal, and two that did not are not', () => {
  fc.assert(
    fc.property(output, exitCode, exitCode, durationSeconds, durationSeconds, (text, code, otherCode, one, two) => {
      const run = (seconds: number, end: number) =>
        finishedResult({ output: text, exitCode: end, durationSeconds: seconds });
      expect(steadyResult(run(one, code))).toBe(steadyResult(run(two, code)));
      if (code !== otherCode) expect(steadyResult(run(one, code))).not.toBe(steadyResult(run(one, otherCode)));
    }),
  );
});

test('a record of an earlier version becomes the lines of today, with the count of its lines above', () => {
  const old = (text: string) => commandResultJson({ output: text, exitCode: 2, durationSeconds: 0.4 });
  expect(jsonResultAsLines(old('a\nb'))).toBe('Exit code: 2\nWall time: 0.4 seconds\nOutput:\na\nb');
  const cut = 'Total output lines: 900\n\nfirst\n[... omitted 800 of 900 lines ...]\nlast';
  expect(jsonResultAsLines(old(cut))).toBe(
    'Exit code: 2\nWall time: 0.4 seconds\nTotal output lines: 900\nOutput:\nfirst\n[... omitted 800 of 900 lines ...]\nlast',
  );
});

test.each([
  [999.6, 'command timed out after 1000 milliseconds\n'],
  [0, 'command timed out after 0 milliseconds\n'],
])('a limit of %d ms is named in whole milliseconds', (ms, line) => {
  expect(timedOutLine(ms)).toBe(line);
});
