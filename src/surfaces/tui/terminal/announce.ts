import type { Capabilities } from './capabilities.ts';

const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g;
const MAX_LENGTH = 200;

/** Text for a title or a notification: one line, of a sensible length, with nothing in it that steers the terminal. */
export function plainLine(text: string): string {
  const line = text.replaceAll(CONTROLS, ' ').replaceAll(/ {2,}/g, ' ').trim();
  return line.length <= MAX_LENGTH ? line : `${line.slice(0, MAX_LENGTH - 1).toWellFormed()}…`;
}

/** Sets the title of the window. */
export function titleBytes(title: string): string {
  return `\u001b]2;${plainLine(title)}\u0007`;
}

/** Posts a desktop notification (OSC 9), with the bell beside it where a multiplexer may swallow it. */
export function notificationBytes(text: string, { passthrough }: Pick<Capabilities, 'passthrough'>): string {
  const line = plainLine(text);
  if (passthrough === 'none') return '\u0007';
  // `OSC 9 ; 4` is progress: a text must not start like that.
  const bytes = passed(`\u001b]9;${/^\d+;/.test(line) ? ' ' : ''}${line}\u0007`, passthrough);
  return passthrough === 'tmux' ? `${bytes}\u0007` : bytes;
}

export type Progress = 'none' | 'busy' | 'failed' | 'waiting' | { readonly percent: number };

/** Shows progress in the taskbar or the tab (OSC 9;4, of ConEmu). */
export function progressBytes(progress: Progress, { hasProgress }: Pick<Capabilities, 'hasProgress'>): string {
  if (!hasProgress) return '';
  const states = { none: '0;0', failed: '2;100', busy: '3;0', waiting: '4;100' };
  const state = typeof progress === 'string' ? states[progress] : `1;${clampedPercent(progress.percent)}`;
  return `\u001b]9;4;${state}\u0007`;
}

function clampedPercent(percent: number): number {
  return Math.max(0, Math.min(100, Math.round(percent))) || 0;
}

/** Wrapped for tmux, which passes on what is in a DCS of its own if it is allowed to. */
function passed(bytes: string, passthrough: 'direct' | 'tmux'): string {
  return passthrough === 'direct' ? bytes : `\u001bPtmux;${bytes.replaceAll('\u001b', '\u001b\u001b')}\u001b\\`;
}
