import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ResponseItem } from '../../../src/foundation/protocol/index.ts';
import type { ToolSpec } from '../../../src/models/prompt/index.ts';
import { SendableCalls, sendableArguments } from '../../../src/models/wires/sendable-calls.ts';
import { type IdForm, OfferedTools, sendableId, sendableWord } from '../../../src/models/wires/wire-names.ts';

const anyText = fc.oneof(fc.string(), fc.string({ unit: 'binary', maxLength: 90 }), fc.constantFrom('', '..', 'a b'));
const FORMS: readonly { readonly form: IdForm; readonly valid: RegExp }[] = [
  { form: 'printable', valid: /^[\x21-\x7e]{1,40}$/ },
  { form: 'word', valid: /^[a-zA-Z0-9_-]{1,40}$/ },
  { form: 'nine', valid: /^[a-zA-Z0-9]{9}$/ },
];

describe('a name or an id that goes to a provider', () => {
  test('is always one that every API takes, and always the same for the same one', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(sendableWord(text)).toMatch(/^[a-zA-Z0-9_-]{1,64}$/);
        expect(sendableWord(text)).toBe(sendableWord(text));
        for (const { form, valid } of FORMS) {
          expect(sendableId(text, form)).toMatch(valid);
          expect(sendableId(text, form)).toBe(sendableId(text, form));
        }
      }),
    );
  });

  test('that is valid is not touched, and becomes no other when it is sent again', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-zA-Z0-9_-]{1,40}$/), (word) => {
        expect([sendableWord(word), sendableId(word, 'word'), sendableId(word, 'printable')]).toEqual([
          word,
          word,
          word,
        ]);
      }),
    );
    fc.assert(
      fc.property(anyText, (text) => {
        for (const { form } of FORMS) expect(sendableId(sendableId(text, form), form)).toBe(sendableId(text, form));
      }),
    );
  });

  test('is another for another, also where they differ in what can’t be sent alone', () => {
    fc.assert(
      fc.property(anyText, anyText, (one, other) => {
        fc.pre(one !== other && one.isWellFormed() && other.isWellFormed());
        expect(sendableWord(one)).not.toBe(sendableWord(other));
        for (const { form } of FORMS) expect(sendableId(one, form)).not.toBe(sendableId(other, form));
      }),
    );
    expect(sendableWord('a.b')).not.toBe(sendableWord('a:b'));
    expect(sendableWord('x'.repeat(65))).not.toBe(sendableWord('x'.repeat(66)));
  });
});

describe('a call that a model made', () => {
  const tool = (name: string): ToolSpec => ({ type: 'function', name, description: '', parameters: {}, strict: false });
  const offered = new OfferedTools([
    tool('shell'),
    tool('read_file'),
    tool('mcp__git.hub__search'),
    {
      type: 'custom',
      name: 'apply_patch',
      description: '',
      format: { type: 'grammar', syntax: 'lark', definition: 'start: /.*/' },
    },
  ]);

  test.each([
    ['shell', 'shell'],
    ['functions.shell', 'shell'],
    ['functions.shell:0', 'shell'],
    ['default_api:read_file', 'read_file'],
    ['tools/read_file', 'read_file'],
    ['shell<|channel|>commentary', 'shell'],
    ['<|channel|>shell', 'shell'],
    ['shell<｜tool▁sep｜>', 'shell'],
    ['"shell"', 'shell'],
    ['shell()', 'shell'],
    ['shell({"command":["ls"]})', 'shell'],
    ['Shell', 'shell'],
    ['read-file', 'read_file'],
    ['READ FILE', 'read_file'],
    ['applyPatch', 'applyPatch'],
    ['apply-patch', 'apply_patch'],
    ['read', 'read'],
    ['', ''],
    ['rm', 'rm'],
  ])('under the name %j is one of %j', (written, meant) => {
    expect(offered.nameOf(written)).toBe(meant);
  });

  test('of a tool whose name can’t be sent finds that tool', () => {
    expect(offered.nameOf(sendableWord('mcp__git.hub__search'))).toBe('mcp__git.hub__search');
  });

  test('is freeform where its tool is', () => {
    expect(['apply_patch', 'functions.apply_patch', 'shell', 'none'].map((name) => offered.isFreeform(name))).toEqual([
      ...[true, true, false, false],
    ]);
  });

  test('means none where two tools could be meant', () => {
    const two = new OfferedTools([tool('read_file'), tool('read-file')]);
    expect(two.nameOf('Read File')).toBe('Read File');
    expect(two.nameOf('read-file')).toBe('read-file');
  });

  test('is found whatever its tools are called', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 8 }), (names) => {
        const tools = new OfferedTools(names.map(tool));
        for (const name of names) expect(tools.nameOf(sendableWord(name))).toBe(name);
      }),
    );
  });
});

describe('the arguments of a call', () => {
  test.each([
    ['', '{}'],
    ['  \n', '{}'],
    ['{"a":1}', '{"a":1}'],
    ['{ "a" : 1 }', '{ "a" : 1 }'],
    ['[1]', '{"_raw":"[1]"}'],
    ['"x"', '{"_raw":"\\"x\\""}'],
    ['null', '{"_raw":"null"}'],
    ['{"a":', '{"_raw":"{\\"a\\":"}'],
    ['{"a":"\\ud800"}', '{"a":"\ufffd"}'],
    ['{"a":"\\\\ud800"}', '{"a":"\\\\ud800"}'],
    ['{"a":"\\ud83d\\ude00"}', '{"a":"\\ud83d\\ude00"}'],
  ])('%j go as %j', (written, sent) => {
    expect(sendableArguments(written)).toBe(sent);
  });

  test('are a JSON object of whole characters, whatever the model wrote', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.json(), fc.constant('{"x":"\ud800"}')), (text) => {
        const sent = sendableArguments(text);
        expect(sent.isWellFormed()).toBe(true);
        const value: unknown = JSON.parse(sent);
        expect(value !== null && typeof value === 'object' && !Array.isArray(value)).toBe(true);
        expect(JSON.stringify(value).isWellFormed()).toBe(true);
      }),
    );
  });
});

describe('the calls of a history', () => {
  const call = (id: string, name = 'shell'): ResponseItem => ({
    ...{ type: 'function_call', call_id: id, name, arguments: '{}' },
  });
  const output = (id: string): ResponseItem => ({ type: 'function_call_output', call_id: id, output: `of ${id}` });

  test('that are valid stay the very same items', () => {
    const calls = new SendableCalls('word');
    for (const item of [call('a'), output('a'), call('b'), output('b')]) expect(calls.next(item)).toBe(item);
  });

  test('that share an id get one each, and each output that of its call', () => {
    const calls = new SendableCalls('word');
    const items = [call('x'), call('x'), call('x'), output('x'), output('x'), output('x')].map((one) =>
      calls.next(one),
    );
    const ids = items.map((item) => (item !== null && 'call_id' in item ? item.call_id : null));
    expect(ids).toEqual(['x', 'x_2', 'x_3', 'x', 'x_2', 'x_3']);
  });

  test('an output of no call is not sent, nor a second one of the same', () => {
    const calls = new SendableCalls('word');
    expect(calls.next(output('a'))).toBeNull();
    calls.next(call('a'));
    expect(calls.next(output('a'))).not.toBeNull();
    expect(calls.next(output('a'))).toBeNull();
  });

  test('a call without an id, which nothing can answer, is not sent', () => {
    expect(new SendableCalls('word').next(call(''))).toBeNull();
  });

  test('a custom call and a function call of one id have their own outputs', () => {
    const calls = new SendableCalls('word');
    calls.next({ type: 'custom_tool_call', call_id: 'a', name: 'apply_patch', input: 'x' });
    expect(calls.next(output('a'))).toBeNull();
    expect(calls.next({ type: 'custom_tool_call_output', call_id: 'a', output: 'ok' })).toMatchObject({ call_id: 'a' });
  });

  test('whatever the ids: all are valid and used once, and every output names a call before it', () => {
    const id = fc.oneof(fc.constantFrom('a', 'a_2', 'b', 'ü', ''), fc.string({ maxLength: 50 }));
    const item = fc.tuple(fc.boolean(), id).map(([isCall, of]) => (isCall ? call(of) : output(of)));
    fc.assert(
      fc.property(fc.array(item, { maxLength: 30 }), fc.constantFrom(...FORMS), (items, { form, valid }) => {
        const calls = new SendableCalls(form);
        const [asked, answered] = [new Set<string>(), new Set<string>()];
        for (const one of items) {
          const sent = calls.next(one);
          if (sent?.type === 'function_call') {
            expect(sent.call_id).toMatch(valid);
            expect(asked.has(sent.call_id)).toBe(false);
            asked.add(sent.call_id);
          } else if (sent?.type === 'function_call_output') {
            expect(asked.has(sent.call_id)).toBe(true);
            expect(answered.has(sent.call_id)).toBe(false);
            answered.add(sent.call_id);
          }
        }
      }),
    );
  });
});
