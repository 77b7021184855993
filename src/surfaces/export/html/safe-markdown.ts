import { Marked } from 'marked';
import { escapeHtml } from './html-text.ts';

/** Longer messages are shown as plain text: parsing them takes too long. */
const MAX_MARKDOWN_CHARS = 60_000;
/** Deeper nesting than anybody writes; the parser recurses at each level. */
const TOO_DEEP = /^(?:[ \t]*(?:>|[-*+]|\d+[.)])){20}/m;
/** More marks of emphasis in one paragraph than anybody writes: the parser compares each with each. */
const MAX_EMPHASIS_MARKS = 1_500;
/** Longer than any word or address: the search for addresses restarts at each character. */
const MAX_WORD_CHARS = 4_000;
const SAFE_LINK = /^(?:https?:\/\/|mailto:)/i;
/** Headings of messages rank below those of the page. */
const HEADING_OFFSET = 3;

const markdown = new Marked({
  gfm: true,
  async: false,
  tokenizer: {
    // Raw HTML is text like any other.
    html: () => undefined,
    tag: () => undefined,
  },
  renderer: {
    html: ({ text }) => escapeHtml(text),
    text(token) {
      return 'tokens' in token && token.tokens ? this.parser.parseInline(token.tokens) : escapeHtml(token.text);
    },
    code: ({ text }) => `<pre><code>${escapeHtml(text)}</code></pre>\n`,
    codespan: ({ text }) => `<code>${escapeHtml(text)}</code>`,
    heading({ tokens, depth }) {
      const level = Math.min(6, depth + HEADING_OFFSET);
      return `<h${level}>${this.parser.parseInline(tokens)}</h${level}>\n`;
    },
    link({ href, tokens }) {
      const inner = this.parser.parseInline(tokens);
      if (!SAFE_LINK.test(href)) return inner;
      return `<a href="${escapeHtml(href)}" rel="noopener noreferrer nofollow">${inner}</a>`;
    },
    // The page loads nothing: an image is named, not shown.
    image: ({ text, href }) => `<span class="image">[image: ${escapeHtml(text || href)}]</span>`,
    checkbox: ({ checked }) => (checked ? '☑ ' : '☐ '),
  },
});

/** Markdown as HTML in which nothing of the text is markup of its own, runs, or is loaded. */
export function safeMarkdown(text: string): string {
  if (text.length > MAX_MARKDOWN_CHARS || TOO_DEEP.test(text)) return plain(text);
  if (hasTooManyMarks(text) || hasEndlessWord(text)) return plain(text);
  try {
    return markdown.parse(text, { async: false });
  } catch {
    // A text that breaks the parser is still a text.
    return plain(text);
  }
}

function hasTooManyMarks(text: string): boolean {
  return text.split(/\n\s*\n/).some((paragraph) => (paragraph.match(/[*_~]/g)?.length ?? 0) > MAX_EMPHASIS_MARKS);
}

function hasEndlessWord(text: string): boolean {
  return text.split(/\s+/).some((word) => word.length > MAX_WORD_CHARS);
}

function plain(text: string): string {
  return `<div class="plain">${escapeHtml(text)}</div>`;
}
