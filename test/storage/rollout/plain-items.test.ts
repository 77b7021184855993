import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ResponseItem, RolloutItem } from '../../../src/foundation/protocol/index.ts';
import { parseLine } from '../../../src/storage/rollout/parse-line.ts';
import { isPlainItem } from '../../../src/storage/rollout/plain-items.ts';

const PLAIN = [
  { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'go' }] },
  { type: 'message', id: null, role: 'assistant', content: [], phase: 'final_answer', response: 'r1' },
  { type: 'message', id: 'm1', role: 'assistant', content: [{ type: 'output_text', text: '' }], phase: null },
  { type: 'function_call', name: 'shell', arguments: '{}', call_id: 'c1' },
  { type: 'function_call', id: 'f1', name: 'shell', arguments: '{}', call_id: 'c1', response: 'r1' },
  { type: 'function_call_output', call_id: 'c1', output: 'text' },
  { type: 'function_call_output', call_id: 'c1', output: 'text', facts: { outcome: 'notRun' } },
] as const;

const SCHEMA_DECIDES = {
  'an unknown field': { ...PLAIN[0], more: 1 },
  'fields in another order': { role: 'user', type: 'message', content: [] },
  'a missing field': { type: 'function_call', name: 'shell', arguments: '{}' },
  'a number for a text': { ...PLAIN[5], output: 1 },
  'null for a text': { ...PLAIN[3], name: null },
  'parts as output': { ...PLAIN[5], output: [{ type: 'input_text', text: 'x' }] },
  'a picture': { ...PLAIN[0], content: [{ type: 'input_image', image_url: 'data:' }] },
  annotations: { ...PLAIN[0], content: [{ type: 'output_text', text: 'x', annotations: [] }] },
  'content that is no list': { ...PLAIN[0], content: { 0: { type: 'input_text', text: 'x' } } },
  'a part that is none': { ...PLAIN[0], content: [null] },
  'facts with more than the outcome': { ...PLAIN[5], facts: { outcome: 'done', found: ['mcp__a__b'] } },
  'an outcome that is none': { ...PLAIN[5], facts: { outcome: 'good' } },
  'another kind': { type: 'reasoning', summary: [] },
  'the name of a member of every object': { type: 'constructor' },
  'a list': [PLAIN[0]],
  'no object': 'message',
} as const;

describe('an item in a plain form', () => {
  test.each(PLAIN)('%j is what its schema gives back', (item) => {
    expect(isPlainItem(item)).toBe(true);
    expect(JSON.stringify(ResponseItem.parse(item))).toBe(JSON.stringify(item));
  });

  test.each(Object.entries(SCHEMA_DECIDES))('is none with %s', (_, value) => {
    expect(isPlainItem(value)).toBe(false);
  });

  test('is never one that the schema refuses or changes', () => {
    const text = fc.constantFrom('message', 'function_call', 'function_call_output', 'input_text', 'output_text', 'x');
    const scalar = fc.oneof({ weight: 4, arbitrary: text }, fc.constantFrom(null, 1, true));
    const part = fc.dictionary(fc.constantFrom('type', 'text', 'image_url', 'annotations'), scalar);
    const content = fc.oneof(scalar, fc.array(part, { maxLength: 2 }));
    const keys = [
      'type',
      'id',
      'role',
      'content',
      'phase',
      'name',
      'arguments',
      'call_id',
      'output',
      'response',
      'extra',
      'facts',
    ];
    const entries = fc.uniqueArray(fc.tuple(fc.constantFrom(...keys), content), { selector: ([key]) => key });
    // From nothing, and by changes to what is plain: few made from nothing are.
    const value = fc.oneof(
      entries.map(Object.fromEntries),
      fc
        .tuple(fc.constantFrom(...PLAIN), entries)
        .map(([base, more]) => ({ ...base, ...Object.fromEntries(more.slice(0, 2)) })),
    );
    let plain = 0;
    fc.assert(
      fc.property(value, (item) => {
        if (!isPlainItem(item)) return;
        plain += 1;
        const parsed = ResponseItem.safeParse(item);
        expect(JSON.stringify(parsed.data)).toBe(JSON.stringify(item));
      }),
      { numRuns: 3_000 },
    );
    expect(plain).toBeGreaterThan(100);
  });
});

describe('the line of such an item', () => {
  const [payload] = PLAIN;
  test.each([
    { type: 'response_item', payload },
    { timestamp: 't', ordinal: 3, type: 'response_item', payload },
    { timestamp: 't', type: 'response_item', payload, turn: '1', step: 'sampling-0' },
    { type: 'response_item', payload, turn: '1' },
    { type: 'response_item', payload, step: 's' },
    { type: 'response_item', payload, turn: 1, step: 's' },
    { type: 'response_item', payload, turn: null, step: null },
    { type: 'another', payload },
    { payload },
  ])('%j is read as by the schema', (line) => {
    const bySchema = RolloutItem.safeParse(line);
    const read = parseLine(JSON.stringify(line));
    expect(read.type === 'ok' ? read.item : null).toEqual(bySchema.data ?? null);
    expect(JSON.stringify(read.type === 'ok' ? read.item : null)).toBe(JSON.stringify(bySchema.data ?? null));
  });

  const stepOf = { turn: '0', id: 'tool-1.0-c1', kind: 'tool', state: 'end', version: 2 };
  test.each([
    { type: 'event_msg', payload: { type: 'user_message', message: 'go', images: [] } },
    { type: 'event_msg', payload: { type: 'user_message', message: 1 } },
    { type: 'event_msg', payload: { type: 'task_started', turn_id: null, setup: { task: 'regular' } } },
    { timestamp: 't', ordinal: 1, type: 'event_msg', payload: { type: 'task_complete', turn_id: '1', more: {} } },
    { type: 'event_msg', payload: { type: 'turn_aborted', reason: 7 } },
    { type: 'event_msg', payload: { type: 'token_count', info: null } },
    {
      type: 'event_msg',
      payload: { type: 'outputs_elided', outputs: [{ call_id: 'c', nth: 0, output: '', more: 1 }] },
    },
    { type: 'event_msg', payload: { type: 'of_a_later_version', much: [1, 2] } },
    { type: 'event_msg', payload: { type: 1 } },
    { type: 'event_msg', payload: ['user_message'] },
    { type: 'event_msg', payload: null },
    { type: 'event_msg' },
    { type: 'step', payload: stepOf },
    { type: 'step', payload: { ...stepOf, value: [{ deep: null }] } },
    { type: 'step', payload: { ...stepOf, state: 'begin', asks: { cut: 0 } } },
    { type: 'step', payload: { ...stepOf, kind: 'of a later version' } },
    { type: 'step', payload: { ...stepOf, state: 'middle' } },
    { type: 'step', payload: { ...stepOf, version: '2' } },
    { type: 'step', payload: { ...stepOf, more: true } },
    { type: 'step', payload: Object.fromEntries(Object.entries(stepOf).reverse()) },
    { type: 'step', payload: { turn: '0', id: 'x' } },
    { type: 'step', payload: [stepOf] },
  ])('%j of a turn is read as by the schema', (line) => {
    const bySchema = RolloutItem.safeParse(line).data ?? null;
    const read = parseLine(JSON.stringify(line));
    expect(read.type === 'ok' ? read.item : null).toEqual(bySchema);
  });

  test.each(['null', '1', '"text"', '[]', '{}', ''])('%j is broken', (text) => {
    expect(parseLine(text)).toEqual({ type: 'broken' });
  });
});

describe('an output whose facts are of another version, or damaged', () => {
  const output = { type: 'function_call_output', call_id: 'c1', output: 'done' } as const;
  test.each([{ outcome: 'of a later version' }, { outcome: 'done', changed: 'a.ts' }, {}, 'done', null, 7])(
    'is kept without them: %j',
    (facts) => {
      const read = parseLine(JSON.stringify({ type: 'response_item', payload: { ...output, facts } }));
      expect(read).toEqual({ type: 'ok', item: { type: 'response_item', payload: output } });
    },
  );

  test('keeps those that this version knows', () => {
    const facts = { outcome: 'misfit', changed: ['M a.ts'] };
    const read = parseLine(JSON.stringify({ type: 'response_item', payload: { ...output, facts } }));
    expect(read).toEqual({ type: 'ok', item: { type: 'response_item', payload: { ...output, facts } } });
  });
});
