import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InputDecoder } from '../../../../src/surfaces/tui/terminal/input-decoder.ts';
import { type InputEvent, keyName } from '../../../../src/surfaces/tui/terminal/input-event.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

function shown(event: InputEvent): string {
  if (event.type === 'key') return `<${keyName(event)}${event.isRepeat ? '…' : ''}>`;
  if (event.type === 'text') return event.text;
  if (event.type === 'paste') return `[${event.text}]`;
  if (event.type === 'focus') return event.isFocused ? '<focus>' : '<blur>';
  return `{${event.reply.kind}}`;
}

function decoded(input: string): string {
  const decoder = new InputDecoder();
  return [...decoder.push(bytes(input)), ...decoder.flush()].map(shown).join('');
}

describe('keys', () => {
  test.each([
    ['plain text', 'héllo 漢字', 'héllo 漢字'],
    ['a command and Enter in one write', '/status\r', '/status<enter>'],
    [
      'control characters',
      '\u0001\u0003\n\t\u007f\b\u0000\u001f',
      '<ctrl+a><ctrl+c><ctrl+j><tab><backspace><ctrl+h><ctrl+space><ctrl+_>',
    ],
    [
      'arrows and their friends',
      '\u001b[A\u001bOB\u001b[H\u001bOF\u001b[5~\u001b[3~',
      '<up><down><home><end><pageup><delete>',
    ],
    ['modified arrows', '\u001b[1;5C\u001b[1;3D\u001b[1;2A', '<ctrl+right><alt+left><shift+up>'],
    ['arrows of rxvt', '\u001b[a\u001bOa\u001b[3^\u001b[3$', '<shift+up><ctrl+up><ctrl+delete><shift+delete>'],
    ['function keys', '\u001bOP\u001b[[B\u001b[15~\u001b[1;2R\u001b[24;5~', '<f1><f2><f5><shift+f3><ctrl+f12>'],
    ['shift and tab', '\u001b[Z', '<shift+tab>'],
    [
      'alt',
      '\u001bb\u001b\u007f\u001b\r\u001bZ\u001b?\u001b\u001b[A',
      '<alt+b><alt+backspace><alt+enter><alt+shift+z><alt+?><alt+up>',
    ],
    ['alt with the start of a sequence', '\u001b]', '<alt+]>'],
    ['escape', '\u001b', '<escape>'],
    ['escape twice', '\u001b\u001b', '<escape><escape>'],
    ['escape in a kitty terminal', '\u001b[27u\u001b[27;1:3u', '<escape>'],
    ['shift and Enter', '\u001b[13;2u\u001b[27;2;13~', '<shift+enter><shift+enter>'],
    ['a command key with Caps Lock on', '\u001b[99;69u', '<ctrl+c>'],
    ['a command key of another layout', '\u001b[1089::99;5u', '<ctrl+c>'],
    ['control, shift and a letter', '\u001b[122:90;6u', '<ctrl+shift+z>'],
    ['shifted characters', '\u001b[45:95;6u\u001b[47:63;4u\u001b[49:33;2u', '<ctrl+_><alt+?>!'],
    ['a key that is held and let go', '\u001b[1;1:1A\u001b[1;1:2A\u001b[1;1:3A', '<up><up…>'],
    ['modifiers alone', '\u001b[57441;2u', ''],
    ['the number pad', '\u001b[57400u\u001b[57414u\u001bOq\u001bOM', '1<enter>1<enter>'],
    ['focus', '\u001b[I\u001b[O', '<focus><blur>'],
  ])('%s', (_, input, expected) => {
    expect(decoded(input)).toBe(expected);
  });
});

describe('answers of the terminal are no text', () => {
  test.each([
    ['colours', '\u001b]11;rgb:1e1e/1e1e/1e1e\u001b\\\u001b]10;#ffffff\u0007', '{background}{foreground}'],
    ['keyboard flags, modes, device', '\u001b[?7u\u001b[?2026;2$y\u001b[?62;22c', '{kitty-keyboard}{mode}{device}'],
    ['the cursor’s place', '\u001b[24;80R', '{cursor}'],
    ['what is unknown', '\u001b[?1;2;3z\u001bP1$r0m\u001b\\\u001b_Gi=1;OK\u001b\\', '{other}{other}{other}'],
    ['the mouse', 'a\u001b[M !!b\u001b[<0;10;10Mc', 'ab{other}c'],
  ])('%s', (_, input, expected) => {
    expect(decoded(input)).toBe(expected);
  });

  test('a colour has 8 bits a channel, however many digits it was sent with', () => {
    const [event] = new InputDecoder().push(bytes('\u001b]11;rgb:ffff/80/0\u0007'));
    expect(event).toEqual({ type: 'reply', reply: { kind: 'background', rgb: [255, 128, 0] } });
  });
});

describe('pastes', () => {
  test('11: a pasted line end is a line end and no Enter', () => {
    expect(decoded('\u001b[200~a\r\nb\rc\u001b[201~')).toBe('[a\nb\nc]');
  });

  test('17.4: keys in the kitty form are characters in a paste', () => {
    expect(decoded('\u001b[200~a\u001b[13;1ub\u001b[27;1;13~c\u001b[106;5u\u001b[201~')).toBe('[a\nb\ncj]');
  });

  test('what steers a terminal is left out of a paste', () => {
    expect(decoded('\u001b[200~a\u001b]0;x\u0007\u001b[2J\u0003b\u001b[201~')).toBe('[ab]');
  });

  test('keys around a paste are keys', () => {
    expect(decoded('x\u001b[200~/quit\r\u001b[201~\r')).toBe('x[/quit\n]<enter>');
  });

  test('a paste whose end never comes ends by itself', () => {
    const decoder = new InputDecoder();
    expect(decoder.push(bytes('\u001b[200~abc'))).toEqual([]);
    expect(decoder.wait).toBe(2_000);
    expect(decoder.flush()).toEqual([{ type: 'paste', text: 'abc' }]);
    expect(decoder.push(bytes('\u0003')).map(shown)).toEqual(['<ctrl+c>']);
  });
});

test('an escape waits a moment for what may follow', () => {
  const decoder = new InputDecoder();
  expect(decoder.push(bytes('\u001b'))).toEqual([]);
  expect(decoder.wait).toBe(20);
  expect(decoder.push(bytes('[A')).map(shown)).toEqual(['<up>']);
  expect(decoder.wait).toBeNull();
});

const piece = fc.constantFrom(
  'a',
  'é漢',
  '😀',
  '\r',
  '\u0003',
  '\u001b[A',
  '\u001b[1;5C',
  '\u001bOB',
  '\u001b[13;2u',
  '\u001b]11;rgb:00/00/00\u0007',
  '\u001b[200~x\r\ny\u001b[201~',
  '\u001b[?7u',
  '\u001b[I',
  '\u001b[3~',
  '\u001bP+r\u001b\\',
  '\u001b[<0;1;1M',
);

test('bytes mean the same wherever they are cut', () => {
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), fc.array(fc.nat(40), { maxLength: 12 }), (pieces, cuts) => {
      const all = bytes(pieces.join(''));
      const decoder = new InputDecoder();
      const events: InputEvent[] = [];
      let from = 0;
      for (const cut of cuts) {
        events.push(...decoder.push(all.subarray(from, from + cut)));
        from += Math.min(cut, all.length - from);
      }
      events.push(...decoder.push(all.subarray(from)));
      expect(events.map(shown).join('')).toBe(decoded(pieces.join('')));
    }),
  );
});

test('no input makes the decoder fail, or keep more than it has to', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (input) => {
      const decoder = new InputDecoder();
      const events = [...decoder.push(input), ...decoder.flush()];
      for (const event of events)
        if (event.type === 'text') expect(event.text).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
      expect(decoder.wait).toBeNull();
    }),
  );
});
