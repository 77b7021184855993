import { describe, expect, test } from 'vitest';
import { eventsOfWhole } from '../../../src/models/wires/whole-answer.ts';

const typesOf = (answer: Readonly<Record<string, unknown>>) =>
  eventsOfWhole(answer)?.map((event) => {
    const value: unknown = JSON.parse(event);
    return value !== null && typeof value === 'object' && 'type' in value ? value.type : null;
  });

describe('an answer that was not streamed', () => {
  test('of the Responses API is its items and its end', () => {
    const output = [
      { type: 'message', id: 'm' },
      { type: 'function_call', id: 'f' },
    ];
    const answer = { object: 'response', id: 'r', status: 'completed', output, usage: { total_tokens: 3 } };
    expect(typesOf(answer)).toEqual([
      'response.created',
      'response.output_item.done',
      'response.output_item.done',
      'response.completed',
    ]);
    const last: unknown = JSON.parse(eventsOfWhole(answer)?.at(-1) ?? '');
    expect(last).toMatchObject({ response: { id: 'r', output: [], usage: { total_tokens: 3 } } });
  });

  test.each(['failed', 'incomplete'])('of the Responses API that is %s says so', (status) => {
    expect(typesOf({ object: 'response', status, output: [] })?.at(-1)).toBe(`response.${status}`);
  });

  test('of the Responses API without a list or a status has ended', () => {
    expect(typesOf({ object: 'response' })).toEqual(['response.created', 'response.completed']);
  });

  test('of the Messages API is its blocks, its reason to stop and its usage', () => {
    const content = [{ type: 'text', text: 'a' }, null, 7, { type: 'tool_use', id: 't' }];
    const answer = { type: 'message', content, stop_reason: 'tool_use', usage: { output_tokens: 2 } };
    expect(typesOf(answer)).toEqual([
      'message_start',
      'content_block_start',
      'content_block_stop',
      'content_block_start',
      'content_block_stop',
      'message_delta',
      'message_stop',
    ]);
    const delta = eventsOfWhole(answer)?.at(-2);
    expect(JSON.parse(delta ?? '')).toMatchObject({ delta: { stop_reason: 'tool_use' }, usage: { output_tokens: 2 } });
  });

  test('of Chat Completions is one chunk', () => {
    const answer = { choices: [{ message: { content: 'a' } }] };
    expect(eventsOfWhole(answer)).toEqual([JSON.stringify(answer)]);
  });

  test.each([[{}], [{ error: { message: 'no' } }], [{ object: 'list' }], [{ type: 'message' }], [{ choices: 'x' }]])(
    'is none of any API: %j',
    (answer) => {
      expect(eventsOfWhole(answer)).toBeNull();
    },
  );
});
