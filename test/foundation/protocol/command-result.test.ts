import { describe, expect, test } from 'vitest';
import {
  commandEnd,
  commandOutput,
  commandResultJson,
  commandResultLines,
  jsonResultAsLines,
  steadyResult,
  timedOutLine,
  withCommandOutput,
} from '../../../src/foundation/protocol/index.ts';

const json = (output: string, exitCode = 0, durationSeconds = 0.1) =>
  commandResultJson({ output, exitCode, durationSeconds });
const ended = (output: string, exitCode = 0, seconds = '0.1') =>
  commandResultLines({ state: { type: 'ended', exitCode }, seconds, output });
const running = (output: string, sessionId = 1, seconds = '0.1') =>
  commandResultLines({ state: { type: 'running', sessionId }, seconds, output });

/** What a program or another tool may print that only looks like one of the forms. */
const lookalikes = [
  '{"output":"x"}',
  '{"output":"x","metadata":{"exit_code":0}}',
  '{"output":"x","metadata":{"exit_code":0.5,"duration_seconds":1}}',
  '{"output":"x","metadata":{"exit_code":0,"duration_seconds":1},"rest":1}',
  ' {"output":"x","metadata":{"exit_code":0,"duration_seconds":1}}',
  '{"output":',
  'Exit code: 0\nOutput:\nx',
  'Exit code: 0\nx',
  'The log:\nExit code: 0\nWall time: 0.1 seconds\nOutput:\nx',
  `${'Exit code: 0\n'.repeat(50)}Wall time: 0.1 seconds\nOutput:\nx`,
];

describe('the result of a command', () => {
  test('is JSON, or lines of which the first says whether it still runs', () => {
    expect(json('hi\n', 3, 0.4)).toBe('{"output":"hi\\n","metadata":{"exit_code":3,"duration_seconds":0.4}}');
    expect(ended('hi\n', -1, '2.0')).toBe('Exit code: -1\nWall time: 2.0 seconds\nOutput:\nhi\n');
    expect(running('', 7)).toBe('Still running as session 7\nWall time: 0.1 seconds\nOutput:\n');
  });

  test('gives its exit code and its output back in both forms', () => {
    expect(commandEnd(json('a\nb', 2))).toMatchObject({ exitCode: 2, output: 'a\nb' });
    expect(commandEnd(ended('a\nb', -1))).toEqual({ exitCode: -1, output: 'a\nb' });
    expect(commandOutput(running('a\nb'))).toBe('a\nb');
  });

  test('has no exit code while the command runs, whatever it printed', () => {
    expect(commandEnd(running('Exit code: 3\nWall time: 1.0 seconds\nOutput:\n'))).toBeNull();
  });

  test('keeps what is around its output when the output is replaced', () => {
    const shout = (text: string) => text.toUpperCase();
    expect(withCommandOutput(json('a', 2), shout)).toBe(json('A', 2));
    expect(withCommandOutput(ended('a', 2), shout)).toBe(ended('A', 2));
    expect(withCommandOutput(running('a'), shout)).toBe(running('A'));
    expect(withCommandOutput('a', shout)).toBe('A');
  });

  test('is equal for two runs that differ in time and session only', () => {
    expect(steadyResult(json('a', 1, 0.1))).toBe(steadyResult(json('a', 1, 9)));
    expect(steadyResult(running('a', 1, '0.1'))).toBe(steadyResult(running('a', 2, '9.0')));
    expect(steadyResult(json(`${timedOutLine(100)}a`, 124))).toBe(steadyResult(json(`${timedOutLine(101.4)}a`, 124)));
    expect(steadyResult(json('a', 1))).not.toBe(steadyResult(json('a', 2)));
    expect(steadyResult(running('a'))).not.toBe(steadyResult(ended('a')));
  });

  test.each(lookalikes)('is not what only looks like one: %s', (text) => {
    expect(commandEnd(text)).toBeNull();
    expect(commandOutput(text)).toBe(text);
    expect(steadyResult(text)).toBe(text);
    expect(jsonResultAsLines(text)).toBeNull();
    expect(withCommandOutput(text, () => 'cut')).toBe('cut');
  });
});
