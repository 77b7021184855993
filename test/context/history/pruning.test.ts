import { describe, expect, test } from 'vitest';
import { ConversationHistory, outputsToPrune } from '../../../src/context/history/index.ts';
import type { ResponseItem } from '../../../src/foundation/protocol/index.ts';
import { assistant, functionCall, functionOutput, user } from './items.ts';

const text = (name: string) => `${name} ${'x'.repeat(4_000)}`;
const turn = (say: string, ...ids: readonly string[]): ResponseItem[] => [
  user(say),
  ...ids.flatMap((id) => [functionCall(id), functionOutput(id, text(id))]),
  assistant('ok'),
];

describe('which outputs are left out', () => {
  const items = [...turn('one', 'a', 'b'), ...turn('two', 'c'), ...turn('three', 'd'), ...turn('four', 'e')];
  const idsFor = (tokens: number) => outputsToPrune(items, tokens)?.map(({ call_id }) => call_id) ?? null;

  test('the newest old ones, as many as it takes', () => {
    expect(idsFor(500)).toEqual(['c']);
    expect(idsFor(1_500)).toEqual(['c', 'b']);
    expect(idsFor(2_500)).toEqual(['c', 'b', 'a']);
  });

  test('none where all of them are not enough', () => {
    expect(idsFor(4_000)).toBeNull();
    expect(outputsToPrune(turn('one', 'a'), 1)).toBeNull();
  });

  test('only a command has an exit code, whatever another tool has read', () => {
    const output = `Exit code: 3\nWall time: 0.1 seconds\nOutput:\n${text('')}`;
    const call = (id: string, name: string, args: object): ResponseItem => ({
      type: 'function_call',
      name,
      arguments: JSON.stringify(args),
      call_id: id,
    });
    const old = [
      user('one'),
      ...[call('r', 'read_file', { file_path: '/log' }), functionOutput('r', output)],
      ...[call('s', 'shell', { command: ['make'] }), functionOutput('s', output)],
      ...turn('two'),
      ...turn('three'),
    ];
    expect(outputsToPrune(old, 1_500)).toMatchObject([
      { call_id: 's', exitCode: 3 },
      { call_id: 'r', exitCode: null },
    ]);
  });

  test('a picture stays: no file could tell what it shows', () => {
    const picture: ResponseItem = {
      type: 'function_call_output',
      call_id: 'p',
      output: [{ type: 'input_image', image_url: `data:image/png;base64,${'A'.repeat(9_000)}` }],
    };
    expect(outputsToPrune([user('one'), functionCall('p'), picture, user('two'), user('three')], 1)).toBeNull();
  });
});

test('an output that is left out keeps its place, an id used twice is distinguished, and the size follows', () => {
  const history = new ConversationHistory();
  history.record([user('one'), functionCall('a'), functionOutput('a', text('first'))]);
  history.record([functionCall('a'), functionOutput('a', text('second'))]);
  const before = history.contextTokens;
  history.prune([
    { call_id: 'a', nth: 1, output: 'note' },
    { call_id: 'b', nth: 0, output: 'not there' },
  ]);
  expect(history.forPrompt()).toEqual([
    user('one'),
    functionCall('a'),
    functionOutput('a', text('first')),
    functionCall('a'),
    functionOutput('a', 'note'),
  ]);
  expect(history.items).toEqual(history.forPrompt());
  expect(before - history.contextTokens).toBeGreaterThan(950);
});

test('L11: what is left out of a part that a response has measured makes the measure smaller, and what comes is added', () => {
  const history = new ConversationHistory();
  history.record([user('one'), functionCall('a'), functionOutput('a', text('a'))]);
  const used = {
    input_tokens: 5_000,
    cached_input_tokens: 0,
    output_tokens: 0,
    reasoning_output_tokens: 0,
    total_tokens: 5_000,
  };
  // The output of a response's own call comes on top of what it measured; the next response measures it.
  history.updateTokenInfo(used, 10_000);
  history.updateTokenInfo(used, 10_000);
  history.prune([{ call_id: 'a', nth: 0, output: 'note' }]);
  expect(history.measuredTokens).toBeLessThan(4_050);
  const measured = history.contextTokens;
  history.record([functionCall('b'), functionOutput('b', text('b'))]);
  expect(history.contextTokens - measured).toBeGreaterThan(1_000);
});
