/** Keys that type no character. */
export type NamedKey =
  | 'enter'
  | 'escape'
  | 'tab'
  | 'backspace'
  | 'delete'
  | 'insert'
  | 'up'
  | 'down'
  | 'left'
  | 'right'
  | 'home'
  | 'end'
  | 'pageup'
  | 'pagedown'
  | 'f1'
  | 'f2'
  | 'f3'
  | 'f4'
  | 'f5'
  | 'f6'
  | 'f7'
  | 'f8'
  | 'f9'
  | 'f10'
  | 'f11'
  | 'f12';

/** A key that isn't plain text. Releases of keys are not reported. */
export interface KeyEvent {
  readonly type: 'key';
  /**
   * A `NamedKey`, `space`, or the character of the key: letters in lower case with `shift` beside, other characters as shift
   * makes them and without it (`ctrl+shift+z`, but `alt+?`).
   */
  readonly key: string;
  readonly ctrl: boolean;
  readonly alt: boolean;
  readonly shift: boolean;
  readonly super: boolean;
  /** The key is held down and repeats. */
  readonly isRepeat: boolean;
}

/** What a terminal answers to a query; never shown as text. */
export type TerminalReply =
  | { readonly kind: 'foreground' | 'background'; readonly rgb: readonly [number, number, number] }
  | { readonly kind: 'kitty-keyboard'; readonly flags: number }
  | { readonly kind: 'mode'; readonly mode: number; readonly isSupported: boolean }
  | { readonly kind: 'cursor'; readonly row: number; readonly column: number }
  | { readonly kind: 'device' }
  | { readonly kind: 'other' };

/** What a person or the terminal did. A change of size is not among them: it arrives as a signal. */
export type InputEvent =
  | KeyEvent
  /** Typed characters, with no control characters among them; those that arrive together are one event. */
  | { readonly type: 'text'; readonly text: string }
  /** Pasted text with `\n` as its line ends; it is never run. */
  | { readonly type: 'paste'; readonly text: string }
  | { readonly type: 'focus'; readonly isFocused: boolean }
  | { readonly type: 'reply'; readonly reply: TerminalReply };

/** The key with its modifiers as key maps name it: `ctrl+alt+shift+super+key`, in this order. */
export function keyName(event: KeyEvent): string {
  const modifiers = [event.ctrl && 'ctrl+', event.alt && 'alt+', event.shift && 'shift+', event.super && 'super+'];
  return modifiers.filter((name) => name !== false).join('') + event.key;
}
