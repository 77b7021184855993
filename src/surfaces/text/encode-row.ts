import type { Palette } from './palette.ts';
import type { Row, Span } from './row.ts';

/** What no row may send to a terminal, whoever made it: controls, and what turns the direction of writing. */
const STEERING = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
/** What an OSC 8 target is made of; the rest is percent-encoded by whoever makes the link. */
const LINK = /^(?:https?|file|mailto):[\x21-\x7e]{1,2000}$/;

export interface RowStyle {
  readonly palette: Palette;
  /** Whether hyperlinks (OSC 8) are written. */
  readonly hasLinks: boolean;
  /** Whether rows at which a prompt starts are marked (OSC 133): terminals jump between them. */
  readonly hasPromptMarks?: boolean;
}

/** The start of a prompt, in the FinalTerm protocol that iTerm2, kitty, WezTerm, VS Code, Ghostty and tmux know. */
const PROMPT_MARK = '\u001b]133;A\u001b\\';

/** A row as bytes, from the given place on the screen, with the terminal's own look before and after it. */
export function encodeRow(spans: Row, { palette, hasLinks, hasPromptMarks = false }: RowStyle): string {
  let bytes = hasPromptMarks && spans[0]?.style.isPrompt === true ? PROMPT_MARK : '';
  let codes = '';
  let link = '';
  for (const span of spans) {
    if (span.text === '') continue;
    const target = hasLinks ? targetOf(span) : '';
    if (target !== link) {
      bytes += target === '' ? '\u001b]8;;\u001b\\' : `\u001b]8;id=${linkId(target)};${target}\u001b\\`;
      link = target;
    }
    const wanted = palette.codes(span.style);
    if (wanted !== codes) {
      bytes += codes === '' ? `\u001b[${wanted}m` : `\u001b[0${wanted === '' ? '' : `;${wanted}`}m`;
      codes = wanted;
    }
    bytes += span.text.replace(STEERING, '\ufffd');
  }
  if (link !== '') bytes += '\u001b]8;;\u001b\\';
  return codes === '' ? bytes : `${bytes}\u001b[0m`;
}

/** Fills the rest of the row with the tint that it ends with; empty: it has none. */
export function encodeFill(spans: Row, { palette }: RowStyle): string {
  const last = spans.at(-1);
  if (last === undefined || !palette.hasTint(last.style)) return '';
  return `\u001b[${palette.codes(last.style)}m\u001b[K\u001b[0m`;
}

function targetOf({ style }: Span): string {
  return style.href !== undefined && LINK.test(style.href) ? style.href : '';
}

/** One name for a target (FNV-1a), so that a link over several rows lights up as one. */
function linkId(target: string): string {
  let hash = 2_166_136_261;
  for (let at = 0; at < target.length; at += 1) hash = Math.imul(hash ^ target.charCodeAt(at), 16_777_619);
  return (hash >>> 0).toString(36);
}
