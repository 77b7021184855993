import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ModelServer, message, type RecordedRequest, respond, startModelServer } from '../../src/testing/index.ts';
import { send, user } from './support.ts';

let server: ModelServer;
beforeEach(async () => {
  server = await startModelServer(() => respond(message('ok')));
});
afterEach(() => server.close());

async function record(body: unknown, query = ''): Promise<RecordedRequest> {
  const index = server.requests.length;
  await send(`${server.url}/responses${query}`, body).answer;
  return server.request(index);
}

test('holds what was sent, and when', async () => {
  const before = Date.now();
  const request = await record({ model: 'm', instructions: 'Be kind.', tools: [{ name: 'a' }] }, '?api-version=2');
  expect(request).toMatchObject({ method: 'POST', url: '/v1/responses?api-version=2', path: '/v1/responses' });
  expect(request.query.get('api-version')).toBe('2');
  expect(request.headers['content-type']).toBe('application/json');
  expect(request.text).toBe('{"model":"m","instructions":"Be kind.","tools":[{"name":"a"}]}');
  expect(request.body['model']).toBe('m');
  expect([request.instructions, request.tools]).toEqual(['Be kind.', [{ name: 'a' }]]);
  expect(request.arrivedAt).toBeGreaterThanOrEqual(before - 50);
  expect(request.arrivedAt).toBeLessThanOrEqual(Date.now() + 50);
});

test('finds texts and outputs in the input', async () => {
  const request = await record({
    input: [
      user('one'),
      { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'said' }] },
      { type: 'function_call', call_id: 'c', name: 'x', arguments: '{}' },
      { type: 'function_call_output', call_id: 'c', output: 'gave' },
      { role: 'user', content: 'plain' },
    ],
  });
  expect(request.textsOf('user')).toEqual(['one', 'plain']);
  expect(request.textsOf('assistant')).toEqual(['said']);
  expect(request.lastUserText).toBe('plain');
  expect([request.outputOf('c'), request.outputOf('d')]).toEqual(['gave', undefined]);
});

test('a body that is not a JSON object is kept as text', async () => {
  for (const text of ['not json', '[1]', 'null', '']) {
    const request = await record(text);
    expect([request.text, request.body, request.input]).toEqual([text, {}, []]);
  }
});

describe('assertExtends', () => {
  const bodyOf = (input: readonly object[], more: object = {}) => ({
    instructions: 'i',
    tools: [{ name: 't' }],
    input,
    ...more,
  });
  const odd = { type: 'odd', text: 'brackets ]}, "quotes\\" and ünicode', nested: { input: [1, { instructions: 2 }] } };

  test('passes for the same input and for an extension', async () => {
    const first = await record(bodyOf([]));
    const second = await record(bodyOf([odd, user('a')]));
    const third = await record(bodyOf([odd, user('a'), odd], { stream: true }));
    second.assertExtends(first);
    second.assertExtends(second);
    third.assertExtends(second);
  });

  test('fails for an item that is changed, left out, longer or shorter, and shows where', async () => {
    const first = await record(bodyOf([user('one'), odd]));
    for (const input of [[user('two'), odd], [user('one')], [odd], []]) {
      const second = await record(bodyOf(input));
      expect(() => second.assertExtends(first)).toThrow(/the input changed at \d+/);
    }
    const grown = await record('{"instructions":"i","tools":[],"input":[12,3]}');
    const short = await record('{"instructions":"i","tools":[],"input":[{"a":1},{"b":1}]}');
    const shorter = await record('{"instructions":"i","tools":[],"input":[{"a":1},{"b":1}  ]}');
    shorter.assertExtends(short);
    expect(() => grown.assertExtends(short)).toThrow('the input changed');
  });

  test('fails when the same JSON is written in other bytes', async () => {
    const first = await record('{"input":[{"a":"é","b":1}]}');
    for (const input of ['{"b":1,"a":"é"}', '{"a":"\\u00e9","b":1}', '{"a":"é","b":1.0}']) {
      const second = await record(`{"input":[${input},{}]}`);
      expect(() => second.assertExtends(first)).toThrow('the input changed');
    }
  });

  test('fails when instructions or tools change', async () => {
    const first = await record(bodyOf([]));
    const other = await record(bodyOf([], { instructions: 'j' }));
    expect(() => other.assertExtends(first)).toThrow('the instructions changed');
    const fewer = await record(bodyOf([], { tools: [] }));
    expect(() => fewer.assertExtends(first)).toThrow('the tools changed');
  });
});
