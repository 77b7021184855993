import { describe, expect, test } from 'vitest';
import type { ResponseItem } from '../../../../src/foundation/protocol/index.ts';
import type { ToolSpec } from '../../../../src/models/prompt/index.ts';
import { freeformOutputs } from '../../../../src/models/wires/responses/freeform-outputs.ts';

const freeformPatch: ToolSpec = {
  type: 'custom',
  name: 'apply_patch',
  description: '',
  format: { type: 'grammar', syntax: 'lark', definition: '' },
};
const functionPatch: ToolSpec = {
  type: 'function',
  name: 'apply_patch',
  description: '',
  strict: false,
  parameters: {},
};

const result = (output: string, exitCode = 0, seconds = 0.3) =>
  JSON.stringify({ output, metadata: { exit_code: exitCode, duration_seconds: seconds } });
const call = (name: string, callId = 'c1'): ResponseItem => ({
  type: 'function_call',
  name,
  arguments: '{}',
  call_id: callId,
});
const answer = (output: string, callId = 'c1'): ResponseItem => ({
  type: 'function_call_output',
  call_id: callId,
  output,
});

function outputTexts(input: readonly ResponseItem[], tools: readonly ToolSpec[] = [freeformPatch]): unknown[] {
  return freeformOutputs(input, tools).flatMap((item) => ('output' in item ? [item.output] : []));
}

describe('freeform outputs', () => {
  test.each(['shell', 'shell_command', 'container.exec', 'apply_patch'])('results of %s become lines', (name) => {
    expect(outputTexts([call(name), answer(result('3 failing\n', 1, 2.4))])).toEqual([
      'Exit code: 1\nWall time: 2.4 seconds\nOutput:\n3 failing\n',
    ]);
  });

  test('whole seconds have no decimals', () => {
    expect(outputTexts([call('shell'), answer(result('', 0, 0))])).toEqual([
      'Exit code: 0\nWall time: 0 seconds\nOutput:\n',
    ]);
  });

  test('the count of lines is reported once, above the output', () => {
    const text = 'Total output lines: 400\n\nhead\n[... omitted 144 of 400 lines ...]\n\ntail';

    expect(outputTexts([call('shell'), answer(result(text))])).toEqual([
      'Exit code: 0\nWall time: 0.3 seconds\nTotal output lines: 400\nOutput:\nhead\n[... omitted 144 of 400 lines ...]\n\ntail',
    ]);
  });

  test('T5: without the freeform tool the recorded JSON is sent', () => {
    const input = [call('shell'), answer(result('x'))];

    expect(freeformOutputs(input, [functionPatch])).toBe(input);
  });

  test('custom patch calls and local shell calls count, by call id or else id', () => {
    const input: ResponseItem[] = [
      { type: 'custom_tool_call', call_id: 'p1', name: 'apply_patch', input: '' },
      { type: 'custom_tool_call_output', call_id: 'p1', output: result('done') },
      { type: 'local_shell_call', id: 'ls1', status: 'completed', action: { type: 'exec', command: ['ls'] } },
      answer(result('a'), 'ls1'),
    ];

    expect(outputTexts(input)).toEqual([
      'Exit code: 0\nWall time: 0.3 seconds\nOutput:\ndone',
      'Exit code: 0\nWall time: 0.3 seconds\nOutput:\na',
    ]);
  });

  test('other tools, plain texts and wrong shapes stay as they are', () => {
    const odd = [
      'rejected by user',
      '{"output":1}',
      '{"output":"x","metadata":{"exit_code":0.5,"duration_seconds":1}}',
      '{',
    ];
    const input = odd.flatMap((text, index) => [call('shell', `c${index}`), answer(text, `c${index}`)]);

    expect(outputTexts(input)).toEqual(odd);
    expect(outputTexts([call('update_plan'), answer(result('x'))])).toEqual([result('x')]);
  });

  test('only the first output of a call is rewritten', () => {
    const [first, second] = outputTexts([call('shell'), answer(result('x')), answer(result('y'))]);

    expect(first).toContain('Exit code');
    expect(second).toBe(result('y'));
  });
});
