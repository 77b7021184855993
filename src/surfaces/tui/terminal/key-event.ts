import type { InputEvent, KeyEvent, NamedKey } from './input-event.ts';

export interface Modifiers {
  readonly ctrl: boolean;
  readonly alt: boolean;
  readonly shift: boolean;
  readonly super: boolean;
}

export const NO_MODIFIERS: Modifiers = { ctrl: false, alt: false, shift: false, super: false };

/** What a sequence says about how a key was used. */
export interface KeyUse {
  readonly modifiers: Modifiers;
  readonly action: 'press' | 'repeat' | 'release';
}

export const PRESSED: KeyUse = { modifiers: NO_MODIFIERS, action: 'press' };

/** Reads `modifiers:action` of a sequence: one more than a sum of bits, where Caps Lock and Num Lock count for nothing. */
export function keyUse(field: string | undefined): KeyUse {
  const [bits = '1', action] = (field ?? '').split(':');
  const sum = Math.max(0, (Number.parseInt(bits, 10) || 1) - 1);
  const has = (bit: number) => (sum & bit) !== 0;
  return {
    // Meta (32) is the Alt of old keyboards; hyper (16) is no modifier that anything is bound to.
    modifiers: { shift: has(1), alt: has(2) || has(32), ctrl: has(4), super: has(8) },
    action: action === '3' ? 'release' : action === '2' ? 'repeat' : 'press',
  };
}

export function namedKey(key: NamedKey | 'space', { modifiers, action }: KeyUse = PRESSED): KeyEvent[] {
  return action === 'release' ? [] : [{ type: 'key', key, ...modifiers, isRepeat: action === 'repeat' }];
}

/** A key with a character: text, unless a modifier makes a command of it. `shifted` is its character with shift, if known. */
export function characterKey(character: string, use: KeyUse, shifted?: string): InputEvent[] {
  const { modifiers, action } = use;
  if (action === 'release') return [];
  const upper = shifted ?? character.toUpperCase();
  if (!modifiers.ctrl && !modifiers.alt && !modifiers.super) {
    return [{ type: 'text', text: modifiers.shift ? upper : character }];
  }
  if (character === ' ') return namedKey('space', use);
  const lower = character.toLowerCase();
  const isLetter = lower !== character.toUpperCase();
  const shift = isLetter && (modifiers.shift || lower !== character);
  const key = isLetter ? lower : modifiers.shift ? upper : character;
  return [{ type: 'key', key, ...modifiers, shift, isRepeat: action === 'repeat' }];
}

/** A control character, as terminals send keys without any protocol. `alt` where an escape came before it. */
export function controlKey(code: number, alt = false): KeyEvent[] {
  const use: KeyUse = { modifiers: { ...NO_MODIFIERS, alt }, action: 'press' };
  if (code === 13) return namedKey('enter', use);
  if (code === 9) return namedKey('tab', use);
  if (code === 127) return namedKey('backspace', use);
  const key = code === 0 ? 'space' : String.fromCharCode(code + 64).toLowerCase();
  return [{ type: 'key', key, ...use.modifiers, ctrl: true, isRepeat: false }];
}
