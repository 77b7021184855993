import { graphemes, isContinued, isSimple, type Row, type Span, type Style, textWidth } from '../../text/index.ts';

export function sameRow(a: Row, b: Row): boolean {
  if (a === b) return true;
  if (a.length !== b.length || isContinued(a) !== isContinued(b)) return false;
  return a.every((span, index) => sameSpan(span, b[index]));
}

function sameSpan(a: Span, b: Span | undefined): boolean {
  return b !== undefined && a.text === b.text && sameStyle(a.style, b.style);
}

function sameStyle(a: Style, b: Style): boolean {
  return (
    a === b ||
    (a.role === b.role &&
      a.on === b.on &&
      a.href === b.href &&
      a.isPrompt === b.isPrompt &&
      !a.bold === !b.bold &&
      !a.dim === !b.dim &&
      !a.italic === !b.italic &&
      !a.underline === !b.underline &&
      !a.strike === !b.strike &&
      !a.inverse === !b.inverse)
  );
}

/**
 * Whether every terminal gives the text the width that keel does. Graphemes of several code points (joined emoji, flags,
 * variation selectors, combining marks) are measured differently.
 */
export function isSureWidth(text: string): boolean {
  return isSimple(text) || graphemes(text).every((one) => [...one].length === 1);
}

export function isSureRow(row: Row): boolean {
  return row.every(({ text }) => isSureWidth(text));
}

export interface RowChange {
  /** The first cell that differs. */
  readonly column: number;
  /** What is in the row from there. */
  readonly rest: Row;
}

/** What has to be written where `now` replaces `before` on the screen. */
export function changeOf(before: Row, now: Row): RowChange {
  let column = 0;
  let at = 0;
  while (at < now.length) {
    const own = now[at];
    const old = before[at];
    if (own === undefined || old === undefined || !sameStyle(own.style, old.style)) break;
    if (own.text !== old.text) return withinSpan(old, now, { at, column });
    if (!isSureWidth(own.text)) break;
    column += textWidth(own.text);
    at += 1;
  }
  return { column, rest: now.slice(at) };
}

function withinSpan(old: Span, now: Row, { at, column }: { at: number; column: number }): RowChange {
  const own = now[at];
  if (own === undefined) return { column, rest: [] };
  let kept = 0;
  if (isSimple(own.text) && isSimple(old.text)) {
    while (kept < own.text.length && own.text[kept] === old.text[kept]) kept += 1;
  } else {
    const olds = graphemes(old.text);
    for (const [index, one] of graphemes(own.text).entries()) {
      if (one !== olds[index] || [...one].length > 1) break;
      kept += one.length;
    }
  }
  const rest = { text: own.text.slice(kept), style: own.style };
  return { column: column + textWidth(own.text.slice(0, kept)), rest: [rest, ...now.slice(at + 1)] };
}
