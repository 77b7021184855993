import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ResponseItem } from '../../../src/foundation/protocol/index.ts';
import { MessageOrder, type SentMessage } from '../../../src/models/wires/chat/message-order.ts';
import { GrowingBytes } from '../../../src/models/wires/growing-bytes.ts';
import { SentItems } from '../../../src/models/wires/sent-items.ts';

const say = (role: string, content: string): SentMessage => ({ role, content });

/** All messages of a request that has these. */
function request(roles: 'free' | 'alternating', messages: readonly SentMessage[]): readonly SentMessage[] {
  const order = new MessageOrder(roles);
  return [...messages.flatMap((message) => order.add(message, true)), ...order.rest()];
}
const rolesOf = (messages: readonly SentMessage[]) => messages.map(({ role }) => role);

describe('the messages of a request where roles alternate', () => {
  test('have one of the user in place of several, with all their words', () => {
    const sent = request('alternating', [say('user', 'a'), say('user', 'b'), say('assistant', 'c'), say('user', 'd')]);
    expect(sent).toEqual([say('user', 'a\n\nb'), say('assistant', 'c'), say('user', 'd')]);
  });

  test('have pictures and words together', () => {
    const picture: SentMessage = { role: 'user', content: [{ type: 'image_url' }] };
    expect(request('alternating', [say('user', 'a'), picture])).toEqual([
      { role: 'user', content: [{ type: 'text', text: 'a' }, { type: 'image_url' }] },
    ]);
  });

  test('have a message of the model between a result and the user', () => {
    const sent = request('alternating', [say('user', 'a'), say('assistant', 'b'), say('tool', 'c'), say('user', 'd')]);
    expect(rolesOf(sent)).toEqual(['user', 'assistant', 'tool', 'assistant', 'user']);
  });

  test('never end with the model, nor start with it', () => {
    expect(rolesOf(request('alternating', [say('assistant', 'a')]))).toEqual(['user', 'assistant', 'user']);
  });

  test('whatever is said: the roles alternate, the user has the last word, and nothing is lost', () => {
    const turn = fc.constantFrom('user', 'developer', 'assistant', 'call');
    fc.assert(
      fc.property(fc.array(turn, { minLength: 1, maxLength: 15 }), (turns) => {
        const messages = turns.flatMap((role, at) =>
          role === 'call' ? [say('assistant', `w${at}`), say('tool', `r${at}`)] : [say(role, `w${at}`)],
        );
        const sent = request('alternating', messages);
        const roles = rolesOf(sent);
        for (const [at, role] of roles.entries()) {
          const before = roles[at - 1];
          if (role === 'user') expect(['assistant', undefined]).toContain(before);
          if (role === 'assistant') expect(['user', 'tool']).toContain(before);
          if (role === 'tool') expect(before).toBe('assistant');
        }
        expect(['user', 'tool']).toContain(roles.at(-1));
        const words = sent.map(({ content }) => String(content)).join('\n\n');
        for (const { content } of messages) expect(words).toContain(String(content));
      }),
    );
  });

  test('that were sent do not change when more are said', () => {
    const order = new MessageOrder('alternating');
    order.add(say('user', 'a'), true);
    const first = order.rest();
    const copy = order.clone();
    order.add(say('user', 'b'), true);
    expect(first).toEqual([say('user', 'a')]);
    expect(copy.rest()).toEqual([say('user', 'a')]);
    expect(order.rest()).toEqual([say('user', 'a\n\nb')]);
  });
});

describe('the messages of a request where roles are free', () => {
  test('are as they were said', () => {
    const messages = [say('user', 'a'), say('user', 'b'), say('assistant', 'c'), say('tool', 'd'), say('user', 'e')];
    expect(request('free', messages)).toEqual(messages);
  });

  test('have a word of the user between two responses, and behind the last one', () => {
    expect(rolesOf(request('free', [say('user', 'a'), say('assistant', 'b'), say('assistant', 'c')]))).toEqual([
      ...['user', 'assistant', 'user', 'assistant', 'user'],
    ]);
  });
});

describe('what was written for a thread', () => {
  const item = (text: string): ResponseItem => ({
    ...{ type: 'message', role: 'user', content: [{ type: 'input_text', text }] },
  });

  class Written {
    readonly items: ResponseItem[] = [];
    add(one: ResponseItem): void {
      this.items.push(one);
    }
  }

  test('is kept, and the next request adds to it', () => {
    let starts = 0;
    const sent = new SentItems(() => {
      starts += 1;
      return new Written();
    });
    const [a, b, c] = [item('a'), item('b'), item('c')];
    const first = sent.of([a, b]);
    expect(sent.of([a, b, c])).toBe(first);
    expect(first.items).toEqual([a, b, c]);
    expect(starts).toBe(1);
  });

  test('is written again where the input is another, also by one that only looks the same', () => {
    const sent = new SentItems(() => new Written());
    const first = sent.of([item('a')]);
    expect(sent.of([item('a')])).not.toBe(first);
  });

  test('has exactly the items of the input, whatever was asked before', () => {
    const all = Array.from({ length: 6 }, (_, at) => item(String(at)));
    const input = fc.subarray(all);
    fc.assert(
      fc.property(fc.array(input, { maxLength: 8 }), (inputs) => {
        const sent = new SentItems(() => new Written());
        for (const one of inputs) expect(sent.of(one).items).toEqual(one);
      }),
    );
  });
});

describe('text that only grows', () => {
  test('has all of it, and a part that was taken stays as it is', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme', maxLength: 40 }), { maxLength: 20 }), (texts) => {
        const bytes = new GrowingBytes();
        const taken = texts.map((text) => {
          bytes.append(text);
          return bytes.slice();
        });
        expect(Buffer.from(bytes.slice()).toString()).toBe(texts.join(''));
        for (const [at, part] of taken.entries()) {
          expect(Buffer.from(part).toString()).toBe(texts.slice(0, at + 1).join(''));
        }
      }),
      { numRuns: 50 },
    );
  });

  test('grows beyond any size it started with', () => {
    const bytes = new GrowingBytes();
    bytes.append('ä');
    const before = bytes.slice();
    bytes.append('x'.repeat(200_000));
    expect(bytes.length).toBe(200_002);
    expect(Buffer.from(before).toString()).toBe('ä');
    expect(Buffer.from(bytes.slice(0, 3)).toString()).toBe('äx');
  });
});
