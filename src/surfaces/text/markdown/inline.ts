import type { Token } from 'marked';
import { PLAIN, type Row, type Span, type Style, span } from '../row.ts';

const SAFE_LINK = /^(?:https?|mailto|file):/i;
const TAB = '    ';

/** Text with marks as lines of spans: line ends of the source stay. */
export function inlineLines(tokens: readonly Token[] | undefined, style: Style = PLAIN): Row[] {
  const lines: Span[][] = [[]];
  for (const { text, style: own } of (tokens ?? []).flatMap((token) => spansOf(token, style))) {
    for (const [index, part] of text.replaceAll('\t', TAB).split('\n').entries()) {
      if (index > 0) lines.push([]);
      // Blanks at the start of a line are no part of a text with marks.
      const line = lines.at(-1);
      const shown = line?.length === 0 ? part.trimStart() : part;
      if (shown !== '') line?.push(span(shown, own));
    }
  }
  return lines;
}

function spansOf(token: Token, style: Style): Span[] {
  const inner = (more: Style) =>
    token.type !== 'link' && 'tokens' in token ? nested(token.tokens, { ...style, ...more }) : [];
  switch (token.type) {
    case 'strong':
      return inner({ bold: true });
    case 'em':
      return inner({ italic: true });
    case 'del':
      return inner({ strike: true });
    case 'codespan':
      return [span(textOf(token), { ...style, role: 'code' })];
    case 'br':
      return [span('\n', style)];
    case 'link':
      return link(token, style);
    case 'image':
      return [span(`[image: ${textOf(token) || hrefOf(token)}]`, { ...style, role: 'muted' })];
    case 'checkbox':
      return [];
    default: {
      const parts = inner({});
      return parts.length > 0 ? parts : [span(textOf(token), style)];
    }
  }
}

function nested(tokens: readonly Token[] | undefined, style: Style): Span[] {
  return (tokens ?? []).flatMap((token) => spansOf(token, style));
}

/** The text of a link, and its address where that is another: nobody is sent where they can't see. */
function link(token: Token, style: Style): Span[] {
  const href = hrefOf(token);
  const target = linkTarget(href);
  const own: Style = { ...style, role: 'link', underline: true, ...(target === null ? {} : { href: target }) };
  const parts = nested('tokens' in token ? token.tokens : undefined, own);
  const shown = parts.map(({ text }) => text).join('');
  if (shown === href || `mailto:${shown}` === href || `http://${shown}` === href) return parts;
  return [...parts, span(` (${href})`, { ...style, role: 'muted', ...(target === null ? {} : { href: target }) })];
}

/** An address as the target of a hyperlink; null: it is none that may be one. */
export function linkTarget(address: string): string | null {
  if (!SAFE_LINK.test(address) || !URL.canParse(address)) return null;
  return new URL(address).href;
}

function textOf(token: Token): string {
  return 'text' in token && typeof token.text === 'string' ? token.text : token.raw;
}

function hrefOf(token: Token): string {
  return 'href' in token && typeof token.href === 'string' ? token.href : '';
}
