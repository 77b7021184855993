import { describe, expect, test } from 'vitest';
import { ConversationHistory } from '../../../src/context/history/index.ts';
import type { ResponseItem } from '../../../src/foundation/protocol/index.ts';
import {
  assistant,
  customCall,
  customOutput,
  functionCall,
  functionOutput,
  localShellCall,
  reasoning,
  snapshot,
  user,
} from './items.ts';

function historyOf(...items: readonly ResponseItem[]): ConversationHistory {
  const history = new ConversationHistory();
  history.record(items);
  return history;
}

/** Fails on any repair: what keel records itself needs none. */
function strictHistory(): ConversationHistory {
  return new ConversationHistory((what) => {
    throw new Error(what);
  });
}

describe('recording', () => {
  test('M47: system messages are not recorded, user and assistant messages are', () => {
    const system: ResponseItem = { type: 'message', role: 'system', content: [{ type: 'input_text', text: 'rules' }] };
    const history = historyOf(system, user('hello'), assistant('hi'));
    expect(history.items).toEqual([user('hello'), assistant('hi')]);
  });

  test('an output goes directly behind its call, whatever was recorded between them', () => {
    const history = strictHistory();
    history.record([user('go'), functionCall('a'), customCall('b'), assistant('meanwhile')]);
    history.record([functionOutput('a'), customOutput('b')]);
    const expected = [
      user('go'),
      functionCall('a'),
      functionOutput('a'),
      customCall('b'),
      customOutput('b'),
      assistant('meanwhile'),
    ];
    expect(history.items).toEqual(expected);
    expect(history.forPrompt()).toEqual(expected);
  });

  test('two calls with one id keep an output each, in their order', () => {
    const history = strictHistory();
    history.record([functionCall('a'), functionCall('a'), functionOutput('a', 'first'), functionOutput('a', 'second')]);
    const expected = [
      functionCall('a'),
      functionOutput('a', 'first'),
      functionCall('a'),
      functionOutput('a', 'second'),
    ];
    expect(history.forPrompt()).toEqual(expected);
  });

  test('an item within the limits keeps its identity through record, forPrompt and clone', () => {
    const call = functionCall('a');
    const output: ResponseItem = {
      type: 'function_call_output',
      call_id: 'a',
      output: [
        { type: 'input_text', text: 'short' },
        { type: 'input_image', image_url: 'data:image/png;base64,AA==' },
      ],
    };
    const history = historyOf(call, output);
    expect(history.clone().forPrompt()[0]).toBe(call);
    expect(history.clone().forPrompt()[1]).toBe(output);
  });

  test('what forPrompt and items gave does not change with later recordings', () => {
    const history = historyOf(user('one'));
    const prompt = history.forPrompt();
    const items = history.items;
    history.record([assistant('two')]);
    expect(prompt).toEqual([user('one')]);
    expect(items).toEqual([user('one')]);
  });
});

describe('truncation of outputs', () => {
  test('the parts of one result share its limit, pictures apart', () => {
    const picture = { type: 'input_image' as const, image_url: 'data:image/png;base64,AAAA' };
    const parts = Array.from({ length: 40 }, (_, at) => ({
      type: 'input_text' as const,
      text: `part ${at} ${'x'.repeat(900)}`,
    }));
    const output: ResponseItem = { type: 'function_call_output', call_id: 'a', output: [...parts, picture] };
    const [, kept] = historyOf(functionCall('a'), output).items;
    const shown = kept?.type === 'function_call_output' && typeof kept.output !== 'string' ? kept.output : [];
    expect(shown).toHaveLength(2);
    expect(shown[1]).toEqual(picture);
    expect(Buffer.byteLength(JSON.stringify(shown[0]))).toBeLessThan(11_000);
    expect(JSON.stringify(shown[0])).toMatch(/part 0 .*part 39 /s);
    // What is within the limit stays as it came, and a second look changes nothing.
    const few: ResponseItem = { ...output, output: [...parts.slice(0, 3), picture] };
    expect(historyOf(functionCall('a'), few).items[1]).toBe(few);
    if (kept) expect(historyOf(functionCall('a'), kept).items[1]).toBe(kept);
  });

  const long = Array.from({ length: 2_000 }, (_, at) => `line ${at}`).join('\n');

  test('JSON that only looks like a command’s result is cut like every other text', () => {
    const history = new ConversationHistory();
    const output = JSON.stringify({ output: 'short', rest: 'x'.repeat(1_000_000) });
    history.record([functionCall('a'), functionOutput('a', output)]);
    expect(JSON.stringify(history.forPrompt()).length).toBeLessThan(12_000);
  });

  test('M54: a line says which lines are left out, and the first and last line are present', () => {
    const [, output] = historyOf(functionCall('a'), functionOutput('a', long)).items;
    const text = output && 'output' in output ? output.output : '';
    expect(text).toMatch(/^\[lines \d+-\d+ of 2000 left out; not kept\]$/m);
    expect(text).toContain('line 0\n');
    expect(text).toContain('line 1999');
  });

  test('custom outputs and each text part are cut, images are not', () => {
    const image = { type: 'input_image', image_url: `data:image/png;base64,${'A'.repeat(20_000)}` } as const;
    const parts: ResponseItem = {
      type: 'function_call_output',
      call_id: 'b',
      output: [{ type: 'input_text', text: long }, image],
    };
    const items = historyOf(customCall('a'), customOutput('a', long), functionCall('b'), parts).items;
    expect(JSON.stringify(items[1])).toContain(' of 2000 left out; not kept]');
    expect(JSON.stringify(items[3])).toContain(' of 2000 left out; not kept]');
    expect(JSON.stringify(items[3])).toContain(image.image_url);
  });

  test('the text inside the JSON of a command result is cut, the JSON stays whole', () => {
    const result = JSON.stringify({ output: long, metadata: { exit_code: 3, duration_seconds: 0.1 } });
    const [, item] = historyOf(functionCall('a'), functionOutput('a', result)).items;
    const kept: unknown = JSON.parse(item?.type === 'function_call_output' ? String(item.output) : '');
    expect(kept).toMatchObject({
      output: expect.stringContaining(' of 2000 left out; not kept]'),
      metadata: { exit_code: 3 },
    });
  });

  test('recording a cut output again changes nothing', () => {
    const once = historyOf(functionCall('a'), functionOutput('a', long)).items;
    const twice = historyOf(...once).items;
    expect(twice[1]).toBe(once[1]);
  });

  test('M55: an output within the limits is unchanged', () => {
    const output = functionOutput('a', 'ä'.repeat(5_000));
    expect(historyOf(functionCall('a'), output).items[1]).toBe(output);
  });
});

describe('normalisation', () => {
  test.each([
    ['function', functionCall('a'), functionOutput('a', 'aborted')],
    ['custom', customCall('a'), customOutput('a', 'aborted')],
    ['local shell', localShellCall('a'), functionOutput('a', 'aborted')],
  ])('M48: a %s call without output is answered as aborted, directly behind it', (_, call, answer) => {
    const history = historyOf(user('go'), call, assistant('next'));
    expect(history.forPrompt()).toEqual([user('go'), call, answer, assistant('next')]);
    expect(history.items).toEqual([user('go'), call, assistant('next')]);
  });

  test('M48: a local shell call without id gets no output', () => {
    const history = historyOf(localShellCall(null));
    expect(history.forPrompt()).toEqual([localShellCall(null)]);
  });

  test('M49: outputs without a call are left out', () => {
    const history = historyOf(functionOutput('a'), customOutput('b'), user('go'));
    expect(history.forPrompt()).toEqual([user('go')]);
  });

  test('M49: an id shared by both kinds pairs within each kind', () => {
    const history = historyOf(functionCall('a'), customOutput('a'), customCall('b'), functionOutput('b'));
    expect(history.forPrompt()).toEqual([
      functionCall('a'),
      functionOutput('a', 'aborted'),
      customCall('b'),
      customOutput('b', 'aborted'),
    ]);
  });

  test('R15, M49: a mixed list is repaired in one pass, and a second pass changes nothing', () => {
    const mixed = [
      functionOutput('x'),
      functionCall('a'),
      user('go'),
      customCall('b'),
      customOutput('y'),
      localShellCall('c'),
      functionOutput('c'),
    ];
    const repaired = historyOf(...mixed).forPrompt();
    expect(repaired).toEqual([
      functionCall('a'),
      functionOutput('a', 'aborted'),
      user('go'),
      customCall('b'),
      customOutput('b', 'aborted'),
      localShellCall('c'),
      functionOutput('c'),
    ]);
    const strict = strictHistory();
    strict.record(repaired);
    expect(strict.forPrompt()).toEqual(repaired);
  });

  test('an output that comes after its call was answered as aborted takes the answer away', () => {
    const history = historyOf(functionCall('a'), user('next'));
    expect(history.forPrompt()[1]).toEqual(functionOutput('a', 'aborted'));
    history.record([functionOutput('a', 'late')]);
    expect(history.forPrompt()).toEqual([functionCall('a'), functionOutput('a', 'late'), user('next')]);
  });

  test('a repair is reported once, however often the prompt is asked for', () => {
    const repairs: string[] = [];
    const history = new ConversationHistory((what) => repairs.push(what));
    history.record([functionCall('a'), customOutput('b')]);
    history.forPrompt();
    history.record([functionOutput('c')]);
    history.forPrompt();
    expect(repairs).toEqual([
      'answered a call without an output: a',
      'dropped an output without a call: b',
      'dropped an output without a call: c',
    ]);
  });

  test('a listener that throws makes a history strict', () => {
    const history = strictHistory();
    history.record([functionCall('a')]);
    expect(() => history.forPrompt()).toThrow('answered a call without an output: a');
  });
});

describe('forPrompt', () => {
  test('M51: reasoning before the last user message is left out and stays stored', () => {
    const history = historyOf(
      user('one'),
      reasoning('r1'),
      assistant('a1'),
      user('two'),
      reasoning('r2'),
      assistant('a2'),
      reasoning('r3'),
    );
    expect(history.forPrompt()).toEqual([
      user('one'),
      assistant('a1'),
      user('two'),
      reasoning('r2'),
      assistant('a2'),
      reasoning('r3'),
    ]);
    expect(history.items.filter((item) => item.type === 'reasoning')).toHaveLength(3);
  });

  test('R17, M52: reasoning goes along with the tool outputs of its turn and not into the next turn', () => {
    const history = strictHistory();
    history.record([user('one'), reasoning('r1'), functionCall('a'), functionOutput('a')]);
    expect(history.forPrompt().filter((item) => item.type === 'reasoning')).toHaveLength(1);
    history.record([assistant('done'), user('two')]);
    expect(history.forPrompt().filter((item) => item.type === 'reasoning')).toHaveLength(0);
  });

  test('signed thoughts stay where they are, live and rebuilt', () => {
    const origin = { provider: 'anthropic', model: 'm', field: 'thinking' } as const;
    const signed = { ...reasoning('r1'), origin };
    const history = historyOf(user('one'), signed, reasoning('r2'), assistant('a1'), user('two'));
    const expected = [user('one'), signed, assistant('a1'), user('two')];
    expect(history.forPrompt()).toEqual(expected);
    history.replace(history.items);
    history.record([functionOutput('lost')]);
    expect(history.forPrompt()).toEqual(expected);
  });

  test('without a user message all reasoning is kept', () => {
    const history = historyOf(reasoning('r1'), assistant('a1'), reasoning('r2'));
    expect(history.forPrompt()).toHaveLength(3);
  });

  test('M53: a snapshot is stored and never sent', () => {
    const history = historyOf(user('one'), snapshot('abc'), assistant('a1'));
    expect(history.items).toContainEqual(snapshot('abc'));
    expect(history.forPrompt()).toEqual([user('one'), assistant('a1')]);
  });
});

describe('removal, replacement, copies', () => {
  const pairs = [
    ['function', functionCall('a'), functionOutput('a')],
    ['custom', customCall('a'), customOutput('a')],
    ['local shell', localShellCall('a'), functionOutput('a')],
  ] as const;

  test.each(pairs)('M50: removeFirst takes a %s call and its output', (_, call, output) => {
    const history = historyOf(call, output, user('rest'));
    history.removeFirst();
    expect(history.items).toEqual([user('rest')]);
  });

  test.each(pairs)('M50: removeFirst takes an output of a %s call and the call behind it', (_, call, output) => {
    const history = historyOf(output, call, user('rest'));
    history.removeFirst();
    expect(history.items).toEqual([user('rest')]);
  });

  test('removeFirst of an empty history does nothing', () => {
    const history = historyOf();
    history.removeFirst();
    expect(history.items).toEqual([]);
  });

  test('replace puts other items in place and keeps the token counts', () => {
    const history = historyOf(user('old'), functionCall('a'));
    history.setFull(1_000);
    history.replace([user('new')]);
    expect(history.forPrompt()).toEqual([user('new')]);
    expect(history.tokenInfo?.total_token_usage.total_tokens).toBe(1_000);
  });

  test('a copy and its original go separate ways', () => {
    const history = historyOf(user('one'), functionCall('a'));
    const copy = history.clone();
    copy.record([functionOutput('a')]);
    copy.setFull(10);
    history.record([assistant('other')]);
    expect(copy.items).toEqual([user('one'), functionCall('a'), functionOutput('a')]);
    expect(history.items).toEqual([user('one'), functionCall('a'), assistant('other')]);
    expect(history.tokenInfo).toBeNull();
  });
});
