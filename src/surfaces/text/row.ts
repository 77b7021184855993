/** What a piece of text is, not how it looks: a theme gives each role its colour. */
export type Role =
  | 'muted'
  | 'accent'
  | 'success'
  | 'danger'
  | 'warning'
  | 'added'
  | 'removed'
  | 'code'
  | 'link'
  | 'heading'
  | 'quote'
  | 'user'
  | 'keyword'
  | 'string'
  | 'number'
  | 'comment'
  | 'type'
  | 'function';

export interface Style {
  role?: Role;
  /** The role whose tint is behind the letters, if it isn't their own: code in a diff. */
  on?: Role;
  bold?: boolean;
  dim?: boolean;
  italic?: boolean;
  underline?: boolean;
  strike?: boolean;
  inverse?: boolean;
  /** A message of the user's starts with this span. */
  isPrompt?: true;
  /** Target of a hyperlink (OSC 8): an absolute URL. */
  href?: string;
}

export interface Span {
  readonly text: string;
  readonly style: Style;
}

/**
 * One row of the screen: no control characters in its texts, and not wider than the width it was made for.
 *
 * A row whose last span has a role with a background (`user`, `added`, `removed`) is filled with it to the right edge: end
 * it with `{ text: '', style: { role: 'user' } }` instead of blanks, so that it copies without them.
 */
export type Row = readonly Span[];

/**
 * Marks a row, as its first span, that continues the row above: the terminal itself wraps there, so that both copy as one
 * line and reflow with the window. The row above must be full. `wrapSoft` makes such rows.
 */
export const CONTINUED: Span = { text: '', style: {} };

export const PLAIN: Style = {};

/** A row of one span. */
export function row(text: string, style: Style = PLAIN): Row {
  return text === '' ? [] : [{ text, style }];
}

export function span(text: string, style: Style = PLAIN): Span {
  return { text, style };
}

/** Whether the row is the soft-wrapped continuation of the row above. */
export function isContinued(row: Row): boolean {
  return row[0] === CONTINUED;
}

/** The row's letters alone. */
export function rowText(row: Row): string {
  return row.length === 1 ? (row[0]?.text ?? '') : row.map((span) => span.text).join('');
}
