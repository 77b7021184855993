import type { Capabilities } from './capabilities.ts';

const PASTE = ['\u001b[?2004h', '\u001b[?2004l'] as const;
const FOCUS = ['\u001b[?1004h', '\u001b[?1004l'] as const;
/** Kitty keyboard protocol: distinct keys (1), repeats and releases (2), the shifted and the Latin key beside (4). */
const KITTY = ['\u001b[>7u', '\u001b[<u'] as const;
/** The form of it that tmux knows (xterm's modifyOtherKeys). */
const OTHER_KEYS = ['\u001b[>4;2m', '\u001b[>4m'] as const;
/** The title that was there is put on the terminal's stack and taken back from it. */
const TITLE = ['\u001b[22;2t', '\u001b[23;2t'] as const;
/** No synchronized update, wrapping at the edge, no link, no colours, a cursor. */
const CALM = '\u001b[?2026l\u001b[?7h\u001b]8;;\u001b\\\u001b[0m\u001b[?25h';
const NO_PROGRESS = '\u001b]9;4;0;0\u0007';

/** Sets the modes that keel works with. */
export function enterBytes({ passthrough }: Pick<Capabilities, 'passthrough'>): string {
  const tmux = passthrough === 'tmux' ? OTHER_KEYS[0] : '';
  return TITLE[0] + PASTE[0] + KITTY[0] + tmux + FOCUS[0];
}

/** Takes them back, in reverse, and whatever a frame that was cut off may have set. */
export function leaveBytes({ passthrough, hasProgress }: Pick<Capabilities, 'passthrough' | 'hasProgress'>): string {
  const tmux = passthrough === 'tmux' ? OTHER_KEYS[1] : '';
  const progress = hasProgress ? NO_PROGRESS : '';
  return progress + CALM + FOCUS[1] + tmux + KITTY[1] + PASTE[1] + TITLE[1];
}

/** Leaves the other screen. Unlike 1049 it doesn't move the cursor of a terminal that isn't there. */
const MAIN_SCREEN = '\u001b[?1007l\u001b[?1047l';

/** Resets all that a killed keel may have left on, and the mouse modes of other programs: for `keel doctor`. */
export const RESET_MODES = `${MAIN_SCREEN}${CALM}${FOCUS[1]}${OTHER_KEYS[1]}\u001b[=0u${PASTE[1]}\u001b[?1000;1002;1003;1006l\u001b[?1l\u001b>`;

/**
 * Asks for the colours (OSC 10, 11), whether pastes are marked and updates synchronized, and the keyboard protocol. The
 * device attributes are answered by every terminal: with their answer it is known that no other will come.
 */
export const QUERIES = '\u001b]10;?\u001b\\\u001b]11;?\u001b\\\u001b[?2004$p\u001b[?2026$p\u001b[?u\u001b[c';
/** Asks for the colours alone: they may have changed when the terminal is in front again. */
export const COLOUR_QUERIES = '\u001b]10;?\u001b\\\u001b]11;?\u001b\\';
