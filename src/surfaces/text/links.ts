import { pathToFileURL } from 'node:url';
import { linkTarget } from './markdown/inline.ts';
import type { Row, Span } from './row.ts';

/** An address, or a path with a file ending or a line number behind it: `src/a.ts`, `src/a.ts:10:2`. */
const CANDIDATE =
  /https?:\/\/[^\s<>"'`]+|(?:~|\.{1,2})?\/?(?:[\w.@+-]+\/)*[\w.@+-]*\.\w+(?::\d+(?::\d+)?)?|(?:[\w.@+-]+\/)+[\w.@+-]+:\d+/g;
const ADDRESS = /^https?:\/\//;
/** What ends a sentence and no address. */
const TRAILING = /[.,;:!?)\]}'"]+$/;
/** Longer texts are no prose with paths in it. */
const MAX_CHARS = 4_000;

/**
 * Makes addresses and paths in a text links (OSC 8) where they are none yet.
 * @param resolve the absolute path of an existing file, or null
 */
export function linkedRow(row: Row, resolve: (path: string) => string | null): Row {
  return row.flatMap((span) =>
    span.style.href === undefined && span.text.length <= MAX_CHARS ? linked(span, resolve) : span,
  );
}

function linked(span: Span, resolve: (path: string) => string | null): Span[] {
  const { text, style } = span;
  const spans: Span[] = [];
  let from = 0;
  for (const found of text.matchAll(CANDIDATE)) {
    const shown = ADDRESS.test(found[0]) ? found[0].replace(TRAILING, '') : found[0].replace(/\.+$/, '');
    const href = targetOf(shown, resolve);
    if (href === null) continue;
    if (found.index > from) spans.push({ text: text.slice(from, found.index), style });
    spans.push({ text: shown, style: { ...style, href } });
    from = found.index + shown.length;
  }
  if (from === 0) return [span];
  return from < text.length ? [...spans, { text: text.slice(from), style }] : spans;
}

function targetOf(shown: string, resolve: (path: string) => string | null): string | null {
  if (ADDRESS.test(shown)) return linkTarget(shown);
  const [, path = shown, line] = /^(.*?)(?::(\d+)(?::\d+)?)?$/.exec(shown) ?? [];
  const absolute = resolve(path);
  if (absolute === null) return null;
  const { href } = pathToFileURL(absolute);
  return line === undefined ? href : `${href}#L${line}`;
}
