import type { TerminalReply } from './input-event.ts';

/** The answer in an operating system command (without its frame): colours of the terminal. */
export function oscReply(body: string): TerminalReply {
  const found = /^1([01]);(.*)$/s.exec(body);
  const rgb = found && colourOf(found[2] ?? '');
  if (!found || !rgb) return { kind: 'other' };
  return { kind: found[1] === '0' ? 'foreground' : 'background', rgb };
}

/** `rgb:RRRR/GGGG/BBBB` with one to four digits a channel, or `#RRGGBB`. */
function colourOf(text: string): [number, number, number] | null {
  const channels = /^rgba?:([\da-f]{1,4})\/([\da-f]{1,4})\/([\da-f]{1,4})/i.exec(text);
  const hex = /^#([\da-f]{2})([\da-f]{2})([\da-f]{2})$/i.exec(text);
  const [, red, green, blue] = channels ?? hex ?? [];
  if (red === undefined || green === undefined || blue === undefined) return null;
  const level = (digits: string) => Math.round((Number.parseInt(digits, 16) / (16 ** digits.length - 1)) * 255);
  return [level(red), level(green), level(blue)];
}

/** The answer in a control sequence; null: it is none. */
export function csiReply(parameters: string, final: string): TerminalReply | null {
  const numbers = parameters
    .replace(/^[?>=]/, '')
    .split(/[;:]/)
    .map(Number);
  const [first = 0, second = 0] = numbers;
  if (final === 'u' && parameters.startsWith('?')) return { kind: 'kitty-keyboard', flags: first };
  if (final === 'y') return { kind: 'mode', mode: first, isSupported: second >= 1 && second <= 3 };
  if (final === 'c') return { kind: 'device' };
  // `CSI 1;2R` to `CSI 1;8R` are F3 with modifiers.
  const isKey = final === 'R' && first === 1 && second >= 2 && second <= 8 && !parameters.startsWith('?');
  if (final === 'R' && numbers.length >= 2 && !isKey) return { kind: 'cursor', row: first, column: second };
  if (/^[<>=?]/.test(parameters) || 'nxt'.includes(final)) return { kind: 'other' };
  return null;
}
