import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InputDecoder, type InputEvent, keyName } from '../../../../src/surfaces/tui/terminal/index.ts';

/** What bytes of a terminal say, a word each: `text:a`, a key by its name, `focus`, `reply:KIND`, `paste:TEXT`. */
function said(bytes: string): string[] {
  const decoder = new InputDecoder();
  const events = [...decoder.push(Buffer.from(bytes)), ...decoder.flush()];
  return events.map(word);
}

function word(event: InputEvent): string {
  switch (event.type) {
    case 'text':
      return `text:${event.text}`;
    case 'key':
      return keyName(event);
    case 'paste':
      return `paste:${event.text}`;
    case 'focus':
      return event.isFocused ? 'focus' : 'blur';
    case 'reply':
      return `reply:${event.reply.kind}`;
  }
}

describe('keys without a protocol', () => {
  test.each([
    ['a', 'text:a'],
    ['ü', 'text:ü'],
    ['👍🏽', 'text:👍🏽'],
    ['\r', 'enter'],
    ['\t', 'tab'],
    ['\u007f', 'backspace'],
    ['\u0001', 'ctrl+a'],
    ['\u001a', 'ctrl+z'],
    ['\u0000', 'ctrl+space'],
    ['\u001f', 'ctrl+_'],
    ['\u001b', 'escape'],
    ['\u001ba', 'alt+a'],
    ['\u001b\r', 'alt+enter'],
    ['\u001b\u007f', 'alt+backspace'],
    ['\u001b[A', 'up'],
    ['\u001b[B', 'down'],
    ['\u001b[C', 'right'],
    ['\u001b[D', 'left'],
    ['\u001b[H', 'home'],
    ['\u001b[F', 'end'],
    ['\u001b[1~', 'home'],
    ['\u001b[2~', 'insert'],
    ['\u001b[3~', 'delete'],
    ['\u001b[5~', 'pageup'],
    ['\u001b[6~', 'pagedown'],
    ['\u001b[7~', 'home'],
    ['\u001b[15~', 'f5'],
    ['\u001b[24~', 'f12'],
    ['\u001b[Z', 'shift+tab'],
    ['\u001bOA', 'up'],
    ['\u001bOP', 'f1'],
    ['\u001bOM', 'enter'],
    ['\u001bOj', 'text:*'],
    ['\u001bOp', 'text:0'],
    ['\u001bOX', 'text:='],
    ['\u001bOa', 'ctrl+up'],
    ['\u001b[a', 'shift+up'],
    ['\u001b[3^', 'ctrl+delete'],
    ['\u001b[3$', 'shift+delete'],
    ['\u001b[3@', 'ctrl+shift+delete'],
    ['\u001b[1;5C', 'ctrl+right'],
    ['\u001b[1;3D', 'alt+left'],
    ['\u001b[1;2A', 'shift+up'],
    ['\u001b[1;6A', 'ctrl+shift+up'],
    ['\u001b[1;9A', 'super+up'],
    ['\u001b[3;5~', 'ctrl+delete'],
    ['\u001b[1;5R', 'ctrl+f3'],
  ])('%j is %s', (bytes, expected) => {
    expect(said(bytes)).toEqual([expected]);
  });
});

describe('keys of the kitty protocol', () => {
  test.each([
    ['\u001b[97u', ['text:a']],
    ['\u001b[97;5u', ['ctrl+a']],
    ['\u001b[97;6u', ['ctrl+shift+a']],
    ['\u001b[97;3u', ['alt+a']],
    ['\u001b[97;2u', ['text:A']],
    ['\u001b[97:65;2u', ['text:A']],
    ['\u001b[49:33;2u', ['text:!']],
    ['\u001b[97;1:3u', []],
    ['\u001b[97;1:2u', ['text:a']],
    ['\u001b[13u', ['enter']],
    ['\u001b[13;2u', ['shift+enter']],
    ['\u001b[27u', ['escape']],
    ['\u001b[9;5u', ['ctrl+tab']],
    ['\u001b[127;3u', ['alt+backspace']],
    ['\u001b[32;5u', ['ctrl+space']],
    ['\u001b[57399u', ['text:0']],
    ['\u001b[57414u', ['enter']],
    ['\u001b[57415u', ['text:=']],
    ['\u001b[57441;1u', []],
    ['\u001b[1092::97;5u', ['ctrl+a']],
    ['\u001b[1092u', ['text:ф']],
    ['\u001b[97;65u', ['text:a']],
    ['\u001b[97;133u', ['ctrl+a']],
    ['\u001b[1;1:3A', []],
    ['\u001b[97;;229u', ['text:å']],
    ['\u001b[27;5;13~', ['ctrl+enter']],
    ['\u001b[27;2;13~', ['shift+enter']],
    ['\u001b[27;5;97~', ['ctrl+a']],
    ['\u001b[55296u', ['reply:other']],
    ['\u001b[9999999u', ['reply:other']],
  ])('%j is %j', (bytes, expected) => {
    expect(said(bytes)).toEqual(expected);
  });
});

describe('what is no key', () => {
  test.each([
    ['\u001b[I', ['focus']],
    ['\u001b[O', ['blur']],
    ['\u001b[?62;4c', ['reply:device']],
    ['\u001b[?7u', ['reply:kitty-keyboard']],
    ['\u001b[?2026;2$y', ['reply:mode']],
    ['\u001b[12;40R', ['reply:cursor']],
    ['\u001b]11;rgb:1e1e/1e1e/1e1e\u001b\\', ['reply:background']],
    ['\u001b]10;#ffffff\u0007', ['reply:foreground']],
    ['\u001b]11;nonsense\u0007', ['reply:other']],
    ['\u001bP>|XTerm(390)\u001b\\', ['reply:other']],
    ['\u001b[<0;10;5M', ['reply:other']],
    ['\u001b[99~', ['reply:other']],
    ['\u001b[200~a\r\nb\u001b[201~', ['paste:a\nb']],
  ])('%j is %j', (bytes, expected) => {
    expect(said(bytes)).toEqual(expected);
  });
});

test('several keys in one read are several events', () => {
  expect(said('a\u001b[A\rb\u001b[97;5u')).toEqual(['text:a', 'up', 'enter', 'text:b', 'ctrl+a']);
});

const sequence = fc.constantFrom(
  ...[
    'a',
    'ü',
    '漢',
    '\r',
    '\t',
    '\u001b[A',
    '\u001b[1;5C',
    '\u001b[97;5u',
    '\u001bOP',
    '\u001b[200~x\ny\u001b[201~',
    '\u001b[I',
  ],
  ...['\u001b]11;rgb:00/00/00\u0007', '\u001b[?62c', '\u007f', '\u0003'],
);

test('bytes say the same wherever they are cut, but for an escape that stays alone', () => {
  fc.assert(
    fc.property(fc.array(sequence, { maxLength: 12 }), fc.array(fc.integer({ min: 1, max: 4 })), (parts, cuts) => {
      const bytes = Buffer.from(parts.join(''));
      const decoder = new InputDecoder();
      const events: InputEvent[] = [];
      let from = 0;
      for (const cut of cuts) {
        events.push(...decoder.push(bytes.subarray(from, from + cut)));
        from += cut;
      }
      events.push(...decoder.push(bytes.subarray(from)), ...decoder.flush());
      const texts = (all: readonly string[]) => all.join('|').replaceAll('|text:', '+text:');
      const whole = said(parts.join(''));
      const joined = (all: readonly string[]) => texts(all).replaceAll('+text:', '').replaceAll('text:', '');
      expect(joined(events.map(word))).toBe(joined(whole));
    }),
  );
});

test('whatever the bytes, no text has a control character', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      const decoder = new InputDecoder();
      for (const event of [...decoder.push(Buffer.from(bytes)), ...decoder.flush()]) {
        if (event.type === 'text') expect(event.text).not.toMatch(/[\u0000-\u001f\u007f]/);
      }
    }),
  );
});
