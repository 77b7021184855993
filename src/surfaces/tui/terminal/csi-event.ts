import type { InputEvent } from './input-event.ts';
import { CODE_KEYS, keypadCharacter, LETTER_KEYS, TILDE_KEYS } from './key-codes.ts';
import { characterKey, type KeyUse, keyUse, NO_MODIFIERS, namedKey } from './key-event.ts';
import { csiReply } from './terminal-reply.ts';

/**
 * What a control sequence says: `CSI parameters final`. Keys as xterm, rxvt and the Linux console send them, and of the kitty
 * keyboard protocol (sw.kovidgoyal.net/kitty/keyboard-protocol). What is unknown is no text.
 */
export function csiEvents(parameters: string, final: string): InputEvent[] {
  if (parameters === '' && final === 'I') return [{ type: 'focus', isFocused: true }];
  if (parameters === '' && final === 'O') return [{ type: 'focus', isFocused: false }];
  const reply = csiReply(parameters, final);
  if (reply) return [{ type: 'reply', reply }];
  const fields = parameters.split(';');
  if (final === 'Z') return namedKey('tab', { ...keyUse(fields[1]), modifiers: { ...NO_MODIFIERS, shift: true } });
  if (final === 'u') return codeKey(fields[0] ?? '', keyUse(fields[1]), fields[2]);
  if (final === '~' && fields[0] === '27') return codeKey(fields[2] ?? '', keyUse(fields[1]), undefined);
  const number = Number.parseInt(fields[0] ?? '', 10);
  const rxvt = rxvtUse(final);
  if (final === '~' || rxvt) {
    const key = TILDE_KEYS[number];
    return key ? namedKey(key, rxvt ?? keyUse(fields[1])) : unknown();
  }
  const key = LETTER_KEYS[final];
  if (key && final !== 'M') return namedKey(key, keyUse(fields[1]));
  const shifted = LETTER_KEYS[final.toUpperCase()];
  if (shifted && 'abcd'.includes(final)) {
    return namedKey(shifted, { modifiers: { ...NO_MODIFIERS, shift: true }, action: 'press' });
  }
  return unknown();
}

/** What `SS3 letter` says: keys in application mode, and of the number pad. */
export function ss3Events(parameters: string, final: string): InputEvent[] {
  const key = LETTER_KEYS[final];
  if (key) return namedKey(key, keyUse(parameters === '' ? undefined : parameters));
  const ctrl = LETTER_KEYS[final.toUpperCase()];
  if (ctrl && 'abcd'.includes(final)) {
    return namedKey(ctrl, { modifiers: { ...NO_MODIFIERS, ctrl: true }, action: 'press' });
  }
  const keypad = 'jklmnopqrstuvwxyX'.indexOf(final);
  const character = '*+,-./0123456789='[keypad];
  return character === undefined ? unknown() : [{ type: 'text', text: character }];
}

function codeKey(code: string, use: KeyUse, text: string | undefined): InputEvent[] {
  const [own, shifted, base] = code.split(':').map((part) => Number.parseInt(part, 10));
  if (own === undefined || !isCodePoint(own)) return unknown();
  const key = CODE_KEYS[own];
  if (key) return namedKey(key, use);
  const keypad = keypadCharacter(own);
  if (keypad !== null) return characterKey(keypad, use);
  // Keys alone (modifiers, media) are in a private area of Unicode.
  if (own < 32 || (own >= 57344 && own <= 63743)) return [];
  const isCommand = use.modifiers.ctrl || use.modifiers.alt || use.modifiers.super;
  const typed = (text ?? '').split(':').map((part) => Number.parseInt(part, 10));
  if (!isCommand && typed.every((point) => isCodePoint(point) && point >= 32)) {
    return use.action === 'release' ? [] : [{ type: 'text', text: String.fromCodePoint(...typed) }];
  }
  // Commands are bound to Latin letters: with another layout the key's place counts.
  const isForeign = isCommand && own > 127 && base !== undefined && isCodePoint(base);
  const character = String.fromCodePoint(isForeign ? base : own);
  return characterKey(
    character,
    use,
    shifted !== undefined && isCodePoint(shifted) && !isForeign ? String.fromCodePoint(shifted) : undefined,
  );
}

function isCodePoint(value: number): boolean {
  return value >= 0 && value <= 0x10ffff && !(value >= 0xd800 && value <= 0xdfff);
}

/** Modifiers by the last character, as rxvt has them. */
function rxvtUse(final: string): KeyUse | null {
  if (!'^$@'.includes(final)) return null;
  return { modifiers: { ...NO_MODIFIERS, ctrl: final !== '$', shift: final !== '^' }, action: 'press' };
}

function unknown(): InputEvent[] {
  return [{ type: 'reply', reply: { kind: 'other' } }];
}
